#include "shared/swarm/member/pending_hashes.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr Time start{std::chrono::hours(5)};
const PieceLayout layout(300_KiB);

PendingHashes::Piece piece(PieceIndex index) {
  return {index, {7, {"peer", "10.0.0.1"}, false}, Bytes(16384)};
}

}  // namespace

TEST_CASE("a piece waits once, and eight pieces in all") {
  PendingHashes pending;
  for (PieceIndex index = 0; index < PendingHashes::most_pieces; ++index) {
    REQUIRE(pending.has_place_for(index));
    pending.add(piece(index), start);
    CHECK_FALSE(pending.has_place_for(index));
  }
  CHECK_FALSE(pending.has_place_for(20));
  CHECK(pending.sources() == std::vector<PeerId>(PendingHashes::most_pieces, 7));
}

TEST_CASE("the pieces whose hash came are taken out, the others go on waiting") {
  PendingHashes pending;
  for (const PieceIndex index : {2U, 12U}) pending.add(piece(index), start);
  PieceHashes hashes(layout);
  hashes.add_trusted(HashBatch{0, std::vector<Hash256>(10), {}});
  const std::vector<PendingHashes::Piece> known = pending.take_known(hashes);
  REQUIRE(known.size() == 1);
  CHECK(known[0].index == 2);
  CHECK(known[0].bytes.size() == 16384);
  CHECK(known[0].source.identity.node == "peer");
  CHECK(pending.take_known(hashes).empty());
  CHECK_FALSE(pending.empty());
}

TEST_CASE("a hash is asked for after 100 ms, then every 500 ms, and after three seconds the piece is dropped") {
  PendingHashes pending;
  pending.add(piece(2), start);
  std::vector<int> asked_at;
  int dropped_at = 0;
  for (int ms = 0; ms <= 4000 && dropped_at == 0; ms += 50) {
    const PendingHashes::Due due = pending.due(start + Milliseconds(ms));
    if (!due.to_ask_for.empty()) asked_at.push_back(ms);
    if (!due.dropped.empty()) dropped_at = ms;
  }
  CHECK(asked_at == std::vector<int>{150, 700, 1250, 1800, 2350, 2900});
  CHECK(dropped_at == 3050);
  CHECK(pending.empty());
}
