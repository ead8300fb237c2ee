#include "shared/swarm/policy/hedging.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr Time start{std::chrono::hours(5)};
constexpr Milliseconds after{250};

// Peer 1 owes pieces 0 and 1, piece 1 for longer; peer 2 is idle and has both.
struct Owing {
  explicit Owing(NewPeer idle_node = {}) : idle(peers.add(2, idle_node)) {
    peers.add(1, {}).asks.owed = {{0, start + Milliseconds(50)}, {1, start}};
    for (const PieceIndex piece : {0U, 1U}) idle.has.add(piece);
  }
  std::optional<PieceIndex> hedged(Milliseconds passed) const {
    return piece_to_hedge(idle, peers, expected, after, start + passed);
  }
  PeerTable peers{PieceSet(4)};
  std::vector<std::uint8_t> expected{1, 1, 0, 0};
  Peer& idle;
};

}  // namespace

TEST_CASE("an idle peer is asked for the piece that another one has owed for longest, once that is too long") {
  const Owing owing;
  CHECK_FALSE(owing.hedged(after));
  CHECK(owing.hedged(after + Milliseconds(1)) == PieceIndex{1});
}

TEST_CASE("a piece that two peers owe, that the idle one lacks or that came meanwhile is not asked for again") {
  Owing owing;
  SECTION("two owe it") {
    owing.expected[1] = 2;
  }
  SECTION("the idle one lacks it") {
    owing.idle.has.remove(1);
  }
  SECTION("it came") {
    owing.peers.add_ours(1);
  }
  CHECK(owing.hedged(after * 3) == PieceIndex{0});
}

TEST_CASE("the seeder, and a peer in another zone, is asked only when half of our patience is over") {
  for (const NewPeer& node : {NewPeer{true, Nearness::nowhere, 0}, NewPeer{false, Nearness::far, 0}}) {
    const Owing owing(node);
    CHECK_FALSE(owing.hedged(Patience::least / 2));
    CHECK(owing.hedged(Patience::least / 2 + Milliseconds(1)) == PieceIndex{1});
  }
}

TEST_CASE("a seeder, and a peer in another zone, that is quick with its pieces is asked sooner: its link is not full") {
  for (const NewPeer& node : {NewPeer{true, Nearness::nowhere, 0}, NewPeer{false, Nearness::far, 0}}) {
    Owing owing(node);
    owing.idle.reliability.usual = Milliseconds(5);
    CHECK_FALSE(owing.hedged(after));
    CHECK(owing.hedged(after + Milliseconds(1)) == PieceIndex{1});
    owing.idle.reliability.usual = Milliseconds(40);
    CHECK_FALSE(owing.hedged(Milliseconds(640)));
    CHECK(owing.hedged(Milliseconds(641)) == PieceIndex{1});
    owing.idle.reliability.usual = Milliseconds(300);
    CHECK_FALSE(owing.hedged(Patience::least / 2));
  }
}

TEST_CASE("too long is four times what a piece usually takes, and a quarter of a second at least") {
  Patience patience;
  Reliability peer;
  CHECK(hedge_after(patience) == Patience::least / 2);
  patience.note_delivery(peer, start, start + Milliseconds(10));
  CHECK(hedge_after(patience) == hedge_least);
  for (int i = 0; i < 200; ++i) patience.note_delivery(peer, start, start + Milliseconds(100));
  REQUIRE(patience.usual() > Milliseconds(90));
  CHECK(hedge_after(patience) == patience.usual() * hedge_times);
}
