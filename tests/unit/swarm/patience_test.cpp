#include "shared/swarm/policy/patience.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr Time start{std::chrono::hours(5)};

void deliver(Patience& patience, Reliability& peer, Milliseconds took, int times = 40) {
  for (int i = 0; i < times; ++i) patience.note_delivery(peer, start, start + took);
}

}  // namespace

TEST_CASE("a silent peer has two seconds, or four times what a piece usually takes") {
  Patience patience;
  Reliability peer;
  CHECK(patience.with(peer) == Patience::least);
  deliver(patience, peer, Milliseconds(10));
  CHECK(patience.with(peer) == Patience::least);
  deliver(patience, peer, Milliseconds(1000), 200);
  CHECK(patience.with(peer) > Milliseconds(3500));
}

TEST_CASE("a peer that takes far longer than the others is slow, and has no more patience of ours for it") {
  Patience patience;
  Reliability quick;
  Reliability slow;
  deliver(patience, quick, Milliseconds(100), 100);
  deliver(patience, slow, Milliseconds(5000), 2);
  deliver(patience, quick, Milliseconds(100), 100);
  CHECK(patience.is_slow(slow));
  CHECK_FALSE(patience.is_slow(quick));
  CHECK(patience.with(slow) == Patience::least);
}

TEST_CASE("one peer that trickles does not make trickling usual") {
  Patience patience;
  Reliability peer;
  deliver(patience, peer, Milliseconds(10));
  patience.note_delivery(peer, start, start + std::chrono::minutes(1));
  CHECK(patience.usual() < Milliseconds(20));
}

TEST_CASE("a silent peer is avoided for longer each time, up to a limit, until a whole piece comes from it") {
  Patience patience;
  Reliability peer;
  Milliseconds last{0};
  for (int silence = 1; silence <= 5; ++silence) {
    patience.note_silence(peer, start);
    const auto avoided = std::chrono::duration_cast<Milliseconds>(peer.avoided_until - start);
    CHECK(avoided > last);
    last = avoided;
  }
  CHECK(last == Patience::least * 32);
  patience.note_silence(peer, start);
  CHECK(peer.avoided_until == start + last);
  CHECK_FALSE(peer.may_be_asked(start));
  Patience::note_whole_piece(peer, start);
  CHECK(peer.may_be_asked(start));
}

TEST_CASE("a peer with two bad pieces is asked no more") {
  Reliability peer;
  peer.bad_pieces = 1;
  CHECK(peer.may_be_asked(start));
  peer.bad_pieces = 2;
  CHECK_FALSE(peer.may_be_asked(start));
}
