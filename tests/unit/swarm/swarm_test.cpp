#include <catch2/catch.hpp>
#include <deque>

#include "tests/unit/swarm/network.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

// Every later node dials every earlier one, once those are ready: what the tracker hands out.
void mesh(Loop& loop, std::deque<TestNode>& nodes) {
  REQUIRE(until(loop, [&] { return std::all_of(nodes.begin(), nodes.end(), [](auto& n) { return n.ready; }); }));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) nodes[i].connect(nodes[j]);
  }
}

}  // namespace

TEST_CASE("a lone agent gets a warm layer from the seeder, each piece once") {
  Loop loop;
  const TestLayer layer(8_MiB);
  TestNode seeder(loop, layer, "seeder");
  TestNode agent(loop, layer, "agent");
  seeder.join(Role::seed);
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
  agent.connect(seeder);
  REQUIRE(until(loop, [&] { return agent.complete(); }));
  CHECK(agent.identical());
  CHECK(agent.refused.empty());
  CHECK(seeder.metrics.sent_bytes.value() == layer.bytes.size());
  CHECK(agent.metrics.received_from_seeder_bytes.value() == layer.bytes.size());
  CHECK(agent.metrics.duplicate_bytes.value() == 0);
}

TEST_CASE("a cold layer reaches four agents while it still arrives, and leaves the seeder about once") {
  Loop loop;
  const TestLayer layer(16_MiB);
  std::deque<TestNode> nodes;
  for (const char* name : {"seeder", "a", "b", "c", "d"}) nodes.emplace_back(loop, layer, name);
  nodes[0].join_cold();
  for (std::size_t i = 1; i < nodes.size(); ++i) nodes[i].join(Role::fetch);
  mesh(loop, nodes);
  bool early = false;
  for (PieceIndex first = 0; first < layer.layout.count(); first += 50) {
    nodes[0].publish(first, std::min<PieceIndex>(50, layer.layout.count() - first));
    const PieceIndex enough = first / 2;
    REQUIRE(until(loop, [&] { return nodes[1].arrived.held() >= enough; }));
    early |= first + 100 < layer.layout.count() && nodes[1].arrived.held() > 0;
  }
  REQUIRE(
      until(loop, [&] { return std::all_of(nodes.begin() + 1, nodes.end(), [](auto& n) { return n.complete(); }); }));
  CHECK(early);
  for (std::size_t i = 1; i < nodes.size(); ++i) CHECK(nodes[i].identical());
  CHECK(static_cast<double>(nodes[0].metrics.sent_bytes.value()) <= 1.3 * static_cast<double>(layer.bytes.size()));
}

TEST_CASE("timing", "[.]") {
  const auto t0 = std::chrono::steady_clock::now();
  const auto at = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count(); };
  {
  Loop loop;
  const TestLayer layer(16_MiB);
  std::deque<TestNode> nodes;
  for (const char* name : {"seeder", "a", "b", "c", "d"}) nodes.emplace_back(loop, layer, name);
  std::printf("made %f\n", at());
  nodes[0].join(Role::seed);
  for (std::size_t i = 1; i < nodes.size(); ++i) nodes[i].join(Role::fetch);
  mesh(loop, nodes);
  std::printf("mesh %f\n", at());
  REQUIRE(until(loop, [&] { return nodes[1].metrics.connections.value() == 4; }));
  std::printf("connected %f\n", at());
  REQUIRE(until(loop, [&] { return std::all_of(nodes.begin() + 1, nodes.end(), [](auto& n) { return n.complete(); }); }));
  std::printf("done %f\n", at());
  for (auto& n : nodes) std::printf("sent %.3f dup %.3f reassigned %lu\n", double(n.metrics.sent_bytes.value()) / 16777216.0, double(n.metrics.duplicate_bytes.value()) / 16777216.0, n.metrics.reassigned_pieces.value());
  }
  std::printf("gone %f\n", at());
}
