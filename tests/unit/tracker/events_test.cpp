#include "tracker/seeder/events.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

TEST_CASE("events of the seeder are taken in order, on a turn of the loop of its own") {
  Loop loop;
  Events events(loop);
  std::vector<Generation> restarts;
  int turns = 0;
  events.on_waiting([&] {
    ++turns;
    for (const Event& event : events.take()) restarts.push_back(std::get<LayerRestarted>(event).generation);
  });
  const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("a layer"));
  for (Generation generation = 1; generation <= 3; ++generation) events.push(LayerRestarted{digest, generation});
  CHECK(restarts.empty());
  loop.poll();
  CHECK(restarts == std::vector<Generation>{1, 2, 3});
  CHECK(turns == 1);
  events.push(LayerRestarted{digest, 4});
  CHECK(events.take().size() == 1);
  loop.restart();
  loop.poll();
  CHECK(restarts.size() == 3);
}
