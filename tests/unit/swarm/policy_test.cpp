// Whole swarms of policies.
#include "shared/swarm/policy/policy.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/swarm/simulated_network.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr PieceIndex pieces = 400;
constexpr int alone = 400 * 10;  // milliseconds: all pieces over one uplink

void add_fetchers(SimulatedNetwork& network, int count) {
  for (int i = 0; i < count; ++i) network.add(Role::fetch);
}

int duplicates(SimulatedNetwork& network, std::size_t nodes) {
  int sum = 0;
  for (std::size_t node = 0; node < nodes; ++node) sum += network[node].duplicates;
  return sum;
}

}  // namespace

TEST_CASE("twelve fresh agents end little later than one uplink can send the layer, without duplicates") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 12);
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.2);
  CHECK(network.sent_in_all(seeder) < static_cast<int>(pieces) * 1.15);
  CHECK(duplicates(network, 13) == 0);
}

TEST_CASE("while pieces are still on their way out, each leaves the seeder once") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 12);
  network.mesh();
  CHECK_FALSE(network.run(Milliseconds(alone * 9 / 10)));
  CHECK(network.most_copies(seeder) == 1);
}

TEST_CASE("a cold seeder pushes pieces as they are published, and the last agent ends soon after the last piece") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed);
  add_fetchers(network, 8);
  network.mesh();
  for (PieceIndex piece = 0; piece < pieces; ++piece) {
    network.at(Milliseconds(piece * 12), [&, piece] { network.publish(seeder, piece); });
  }
  REQUIRE(network.run());
  CHECK(network.milliseconds() < pieces * 12 * 1.1);
  CHECK(network.most_copies(seeder) <= 2);
}

TEST_CASE("pieces come nearly in order") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  add_fetchers(network, 12);
  network.mesh();
  REQUIRE(network.run());
  for (std::size_t node = 1; node <= 12; ++node) {
    const std::vector<PieceIndex>& order = network[node].order;
    for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] < i + 80);
  }
}

TEST_CASE("a lone agent on a warm seeder is served at the line's rate") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 1);
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.02);
  CHECK(network.sent_in_all(seeder) == static_cast<int>(pieces));
}

TEST_CASE("agents that die or freeze give their pieces back and the others end") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 8);
  network.mesh();
  network.at(Milliseconds(1000), [&] { network.die(1); });
  network.at(Milliseconds(1500), [&] { network[2].frozen = true; });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.2 + 2500);  // the frozen one's pieces are missed for the 2 s of our patience
  CHECK(network[seeder].policy->reassigned() + network[3].policy->reassigned() > 0);
}

TEST_CASE("a frozen agent that held the only copy of a piece does not stop the others") {
  SimulatedNetwork network(20);
  network.add(Role::seed, true);
  add_fetchers(network, 3);
  network.mesh();
  network.at(Milliseconds(35), [&] { network[1].frozen = true; });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < 200 + 5000);
}

TEST_CASE("pieces of a corrupt peer are asked of others, and after two bad pieces nothing more is asked of it") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  add_fetchers(network, 6);
  network[3].is_corrupt = true;
  network.mesh();
  REQUIRE(network.run());
  for (const std::size_t node : {1U, 2U, 4U, 5U, 6U})
    CHECK(network[node].bad <= 2 + 4);  // two, and what was asked already
  CHECK(network.milliseconds() < alone * 1.3);
}

TEST_CASE("a peer that trickles keeps no other waiting for long") {
  SimulatedNetwork network(100);
  network.add(Role::seed, true);
  add_fetchers(network, 4);
  network[2].piece_milliseconds = 60000;
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < 5000);
  for (const std::size_t node : {1U, 2U, 3U, 4U}) CHECK(network[node].duplicates <= 4);  // asked of a second one
}

TEST_CASE("a peer that delivers now and then is trusted with one piece at a time") {
  SimulatedNetwork network(400);
  network.add(Role::seed, true);
  add_fetchers(network, 4);
  network[2].piece_milliseconds = 700;
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.5);
  for (const std::size_t node : {1U, 3U, 4U}) CHECK(network[node].duplicates <= 10);
}

TEST_CASE("neighbours that trickle all at once leave the seeder") {
  SimulatedNetwork network(100);
  network.add(Role::seed, true);
  add_fetchers(network, 9);
  for (std::size_t node = 2; node <= 9; ++node) network[node].piece_milliseconds = 60000;
  network.mesh();
  REQUIRE(network.run());
  CHECK(network[1].completed - Time{} < std::chrono::seconds(10));  // all nine take nearly everything from one uplink
}

TEST_CASE("an agent that comes late ends without the seeder sending everything again") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 6);
  network.mesh();
  const std::size_t late = network.add(Role::fetch);
  network.at(Milliseconds(alone / 2), [&] {
    for (std::size_t other = 0; other < late; ++other) network.link(late, other);
  });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.6);
  CHECK(network.sent_in_all(seeder) < static_cast<int>(pieces) * 1.5);
}

TEST_CASE("an agent that comes when all others have gone is pushed the whole layer") {
  SimulatedNetwork network(50);
  network.add(Role::seed, true);
  add_fetchers(network, 2);
  network.mesh();
  REQUIRE(network.run());
  network.die(1);
  network.die(2);
  const std::size_t late = network.add(Role::fetch);
  network.link(0, late);
  REQUIRE(network.run());
  CHECK(network[late].order.size() == 50);
}

TEST_CASE("pieces that went down with the only agent that had them are pushed again") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  add_fetchers(network, 1);
  network.mesh();
  const std::size_t second = network.add(Role::fetch);
  network.at(Milliseconds(1000), [&] { network.die(1); });
  network.at(Milliseconds(1100), [&] { network.link(0, second); });
  REQUIRE(network.run());
  CHECK(network[second].order.front() < 10);
}

TEST_CASE("without a seeder several fetchers share what one holder sends") {
  SimulatedNetwork network(pieces);
  const std::size_t holder = network.add(Role::hold, true);
  add_fetchers(network, 6);
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 2.5);
  CHECK(network.sent_in_all(holder) < static_cast<int>(pieces) * 2.5);
}
