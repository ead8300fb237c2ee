#include "shared/swarm/member/inbox.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

const PieceLayout small_pieces(100_KiB);  // 16 KiB each
const PieceLayout large_pieces(2_GiB);    // 1 MiB each, in two parts

// One part, from its head to its end.
Inbox::Part receive(Inbox& inbox, const PieceLayout& layout, const PieceHeader& header, ByteView part,
                    Arrival arrival) {
  REQUIRE(inbox.may_begin(layout, header, part.size()));
  if (header.offset == 0) inbox.begin_piece(header.piece, arrival);
  inbox.begin_part();
  CHECK(inbox.is_in_part());
  return inbox.end_part(layout, part);
}

}  // namespace

TEST_CASE("a part may begin only where a part of the layer begins, with its length") {
  const Inbox inbox;
  CHECK(inbox.may_begin(small_pieces, {0, 0, false}, 16384));
  CHECK(inbox.may_begin(small_pieces, {6, 0, false}, 4096));  // the last piece is shorter
  CHECK_FALSE(inbox.may_begin(small_pieces, {7, 0, false}, 16384));
  CHECK_FALSE(inbox.may_begin(small_pieces, {0, 16384, false}, 16384));
  CHECK_FALSE(inbox.may_begin(small_pieces, {0, 5, false}, 16379));
  CHECK_FALSE(inbox.may_begin(small_pieces, {0, 0, false}, 16383));
  CHECK_FALSE(inbox.may_begin(small_pieces, {0, 0, false}, 16385));
}

TEST_CASE("a piece in one message is whole at its end, and nothing is copied") {
  Inbox inbox;
  CHECK(receive(inbox, small_pieces, {0, 0, false}, Bytes(16384), Arrival::asked) == Inbox::Part::last);
  CHECK(inbox.take().empty());
  CHECK_FALSE(inbox.is_asked());  // nothing is arriving now
}

TEST_CASE("a piece in two messages is put together in order") {
  Inbox inbox;
  const Bytes first(largest_part, std::byte{1});
  const Bytes second(largest_part, std::byte{2});
  CHECK_FALSE(inbox.may_begin(large_pieces, {0, largest_part, false}, largest_part));  // the second half alone
  CHECK(receive(inbox, large_pieces, {0, 0, false}, first, Arrival::asked) == Inbox::Part::of_piece);
  CHECK_FALSE(inbox.may_begin(large_pieces, {1, 0, false}, largest_part));  // another piece in between
  CHECK_FALSE(inbox.may_begin(large_pieces, {1, largest_part, false}, largest_part));
  CHECK(receive(inbox, large_pieces, {0, largest_part, false}, second, Arrival::asked) == Inbox::Part::last);
  const Bytes whole = inbox.take();
  REQUIRE(whole.size() == 2 * largest_part);
  CHECK(whole.front() == std::byte{1});
  CHECK(whole.back() == std::byte{2});
}

TEST_CASE("pieces that were not asked for are counted, duplicates are not") {
  Inbox inbox;
  const auto receive_as = [&](Arrival arrival) {
    return receive(inbox, small_pieces, {0, 0, false}, Bytes(16384), arrival);
  };
  for (int i = 0; i < 100; ++i) CHECK(receive_as(Arrival::duplicate) == Inbox::Part::discarded);
  for (int i = 0; i < Inbox::most_unasked; ++i) CHECK(receive_as(Arrival::unasked) == Inbox::Part::discarded);
  CHECK(receive_as(Arrival::unasked) == Inbox::Part::one_too_many);
}
