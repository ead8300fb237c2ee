#include "shared/swarm/policy/zone_share.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/swarm/simulated_network.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr PieceIndex pieces = 400;
constexpr int alone = 400 * 10;  // milliseconds: all pieces over one uplink

}  // namespace

TEST_CASE("about one copy of each piece enters a zone") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  for (int i = 0; i < 12; ++i) network.add(Role::fetch, false, 1 + i % 3);
  network.mesh();
  REQUIRE(network.run());
  for (const int zone : {1, 2, 3}) CHECK(network.entered(zone) < static_cast<int>(pieces) * 1.05);
  CHECK(network.milliseconds() < alone * 1.3);
}

TEST_CASE("a zone does not wait for one of its own that froze") {
  SimulatedNetwork network(pieces);
  network.add(Role::hold, true);
  for (int i = 0; i < 4; ++i) network.add(Role::fetch, false, 1);
  network.mesh();
  network.at(Milliseconds(100), [&] { network[2].frozen = true; });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 2 + 5000);
}

TEST_CASE("the only agent of a zone that is connected to a peer outside fetches the pieces of the others too") {
  SimulatedNetwork network(100);
  const std::size_t holder = network.add(Role::hold, true);
  for (int i = 0; i < 4; ++i) network.add(Role::fetch, false, 1);
  for (std::size_t a = 1; a <= 4; ++a) {
    for (std::size_t b = a + 1; b <= 4; ++b) network.link(a, b);
  }
  network.link(holder, 1);
  REQUIRE(network.run());
  CHECK(network.entered(1) == 100);
  CHECK(network.milliseconds() < 100 * 10 * 3 + 3000);
}

TEST_CASE("each piece has one owner in a zone, the same at all its nodes; a node that leaves changes no other owner") {
  constexpr PieceIndex count = 300;
  constexpr std::uint64_t nodes = 4;
  const auto owned = [](std::uint64_t ours, std::uint64_t zone_size) {
    PeerTable peers{PieceSet(count)};
    ZoneShare share(ours * 7919, count);
    for (std::uint64_t other = 0; other < zone_size; ++other) {
      if (other != ours) peers.add(static_cast<PeerId>(other + 1), {false, Nearness::near, other * 7919});
    }
    share.divide(peers);
    PieceSet pieces_of_ours(count);
    for (PieceIndex piece = 0; piece < count; ++piece) {
      if (share.may_cross(piece)) pieces_of_ours.add(piece);
    }
    return pieces_of_ours;
  };
  for (PieceIndex piece = 0; piece < count; ++piece) {
    int owners = 0;
    for (std::uint64_t node = 0; node < nodes; ++node) owners += owned(node, nodes).has(piece);
    if (owners != 1) FAIL_CHECK("piece " << piece << " has " << owners << " owners");
    for (std::uint64_t node = 0; node + 1 < nodes; ++node) {
      if (owned(node, nodes).has(piece)) CHECK(owned(node, nodes - 1).has(piece));
    }
  }
}

TEST_CASE("a piece that is in our zone is not fetched from outside") {
  PeerTable peers{PieceSet(2)};
  ZoneShare share(1, 2);
  const Peer& near = peers.add(1, {false, Nearness::near, 2});
  const Peer& far = peers.add(2, {false, Nearness::far, 3});
  REQUIRE(share.may_cross(0));
  share.change_holders(far, 0, 1);
  CHECK(share.may_cross(0));
  share.change_holders(near, 0, 1);
  CHECK_FALSE(share.may_cross(0));
  CHECK(share.may_cross(1));
  share.change_holders(near, 0, -1);
  CHECK(share.may_cross(0));
}
