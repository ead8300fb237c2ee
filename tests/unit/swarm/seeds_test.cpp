// Random swarms, with every fault that the simulation knows: all living agents end. A seed whose swarm does not end
// is named, and SHOAL_SEED=N runs it alone; SHOAL_SEEDS=N runs so many.
#include <catch2/catch.hpp>

#include "tests/doubles/lots.hpp"
#include "tests/unit/swarm/simulated_network.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

void break_one(SimulatedNetwork& network, std::size_t node, Lots& lots) {
  const Milliseconds when(lots.between(1, 1'500));
  switch (lots.between(1, 4)) {
    case 1:
      network.at(when, [&network, node] { network.die(node); });
      break;
    case 2:
      network.at(when, [&network, node] { network[node].frozen = true; });
      break;
    case 3:
      network[node].is_corrupt = true;
      break;
    default:
      network[node].piece_milliseconds = lots.between(200, 60'000);
  }
}

// One swarm: a seeder, warm or with the layer still arriving, which all can reach; agents with some neighbours each.
void play(int seed) {
  Lots lots(seed);
  const auto pieces = static_cast<PieceIndex>(lots.between(1, 60));
  SimulatedNetwork network(pieces);
  const bool warm = lots.in(2);
  const std::size_t seeder = network.add(Role::seed, warm);
  const int agents = lots.between(1, 9);
  const int zones = lots.in(3) ? lots.between(1, 3) : 0;
  for (int i = 0; i < agents; ++i) network.add(Role::fetch, false, zones == 0 ? 0 : lots.between(1, zones));
  const std::optional<std::size_t> holder =
      lots.in(4) ? std::optional(network.add(Role::hold, true, zones == 0 ? 0 : 1)) : std::nullopt;
  const std::size_t nodes = static_cast<std::size_t>(agents) + 1;
  for (std::size_t node = 1; node < nodes; ++node) {
    network.link(seeder, node);
    if (holder && lots.in(2)) network.link(*holder, node);
    for (std::size_t other = 1; other < node; ++other) {
      if (!lots.in(3)) network.link(other, node);
    }
  }
  for (PieceIndex piece = 0; !warm && piece < pieces; ++piece) {
    network.at(Milliseconds(piece * static_cast<PieceIndex>(lots.between(1, 20))),
               [&network, seeder, piece] { network.publish(seeder, piece); });
  }
  for (std::size_t node = 1; node < nodes; ++node) {
    if (lots.in(3)) break_one(network, node, lots);
  }
  INFO("seed " << seed << ": " << pieces << " pieces, " << agents << " agents");
  CHECK(network.run(std::chrono::minutes(2)));
}

}  // namespace

TEST_CASE("whatever breaks in a swarm, every living agent gets the whole layer") {
  play_seeds(300, play);
}
