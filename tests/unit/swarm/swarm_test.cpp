#include <unistd.h>

#include <algorithm>
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

TEST_CASE("each side is told of a connection, and of the seeder apart; a refused one is told with its address") {
  Loop loop;
  const TestLayer layer(4_MiB);
  TestNode seeder(loop, layer, "seeder");
  TestNode agent(loop, layer, "agent");
  seeder.join(Role::seed);
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
  agent.carrier.swarm->connect(layer.name, {{"127.0.0.1", 1, false}});
  agent.connect(seeder);
  REQUIRE(until(loop, [&] { return agent.complete() && !agent.not_reached.empty() && !seeder.reached.empty(); }));
  CHECK(agent.reached == std::vector<bool>{true});
  CHECK(seeder.reached == std::vector<bool>{false});
  CHECK(agent.not_reached.front() == PeerAddress{"127.0.0.1", 1, false});
  CHECK(seeder.not_reached.empty());
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

TEST_CASE("an agent gets a layer from a holder when there is no seeder") {
  Loop loop;
  const TestLayer layer(4_MiB);
  TestNode holder(loop, layer, "holder");
  TestNode agent(loop, layer, "agent");
  holder.join(Role::hold);
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return holder.ready && agent.ready; }));
  holder.connect(agent);
  REQUIRE(until(loop, [&] { return agent.complete(); }));
  CHECK(agent.identical());
  CHECK(agent.metrics.received_from_peers_bytes.value() == layer.bytes.size());
  CHECK(agent.metrics.received_from_seeder_bytes.value() == 0);
}

TEST_CASE("a flipped bit is detected and blamed on its sender, and the layer completes from the others") {
  Loop loop;
  const TestLayer layer(4_MiB);
  std::deque<TestNode> nodes;
  for (const char* name : {"corrupt", "honest", "agent"}) nodes.emplace_back(loop, layer, name);
  nodes[0].join(Role::hold);
  nodes[1].join(Role::hold);
  for (PieceIndex piece = 0; piece < layer.layout.count(); ++piece) nodes[0].tamper(piece);
  nodes[2].join(Role::fetch);
  mesh(loop, nodes);
  TestNode& agent = nodes[2];
  REQUIRE(until(loop, [&] { return agent.complete(); }));
  CHECK(agent.identical());
  REQUIRE(agent.refused.size() >= 2);
  CHECK(agent.refused.size() <= 4);  // two, and what was asked already
  for (const PieceRefused& refused : agent.refused) CHECK(refused.sender.node == "corrupt");
  CHECK(agent.metrics.corrupt_pieces.value() == agent.refused.size());
}

TEST_CASE("when an agent dies in the middle the others finish") {
  Loop loop;
  const TestLayer layer(8_MiB);
  std::deque<TestNode> nodes;
  for (const char* name : {"seeder", "a", "b", "victim"}) nodes.emplace_back(loop, layer, name);
  nodes[0].join(Role::seed);
  for (std::size_t i = 1; i < nodes.size(); ++i) nodes[i].join(Role::fetch);
  mesh(loop, nodes);
  REQUIRE(until(loop, [&] { return nodes[3].arrived.held() > layer.layout.count() / 10; }));
  nodes.pop_back();
  REQUIRE(until(loop, [&] { return nodes[1].complete() && nodes[2].complete(); }));
  CHECK(nodes[1].identical());
  CHECK(nodes[2].identical());
}

TEST_CASE("a peer that was away for long is dialled again when it is named again") {
  Loop loop;
  const TestLayer layer(1_MiB);
  const std::uint16_t port = TestNode(loop, layer, "seeder").carrier.port;
  TestNode agent(loop, layer, "agent");
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return agent.ready; }));
  const auto name_it = [&] { agent.carrier.swarm->connect(layer.name, {{"127.0.0.1", port, true}}); };
  name_it();
  REQUIRE(!until(
      loop, [&] { return agent.complete(); }, std::chrono::seconds(8)));
  TestNode seeder(loop, layer, "seeder", {.listen = "127.0.0.1:" + std::to_string(port), .node = {}});
  seeder.join(Role::seed);
  REQUIRE(until(loop, [&] { return seeder.ready; }));
  name_it();
  CHECK(until(
      loop, [&] { return agent.complete(); }, std::chrono::seconds(4)));
}

TEST_CASE("a swarm that was left says nothing more, whatever still flows, and can be joined again") {
  Loop loop;
  const TestLayer layer(8_MiB);
  TestNode seeder(loop, layer, "seeder");
  TestNode agent(loop, layer, "agent");
  seeder.join(Role::seed);
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
  agent.connect(seeder);
  REQUIRE(until(loop, [&] { return agent.arrived.held() > 3; }));
  agent.left = true;
  agent.carrier.swarm->leave(layer.name);
  REQUIRE(until(loop, [&] { return seeder.metrics.connections.value() == 0; }));
  CHECK(agent.events_after_leave == 0);
  agent.ready = false;
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return agent.ready; }));
  agent.connect(seeder);
  REQUIRE(until(loop, [&] { return agent.complete(); }));
  CHECK(agent.identical());
}

TEST_CASE("two swarms of one node do not mix") {
  Loop loop;
  const TestLayer first(2_MiB, 1);
  const TestLayer second(3_MiB, 2);
  TestNode seeder(loop, first, "seeder");
  TestNode agent(loop, first, "agent");
  TestNode other(loop, second, "other");
  TestNode target(loop, second, "target");
  seeder.join(Role::seed);
  agent.join(Role::fetch);
  other.join(Role::hold);
  const auto have = [&](Role role) {
    return role == Role::fetch ? PieceSet(second.layout.count()) : PieceSet::full(second.layout.count());
  };
  // The agent's session is in the second swarm as well.
  bool ready = false;
  PieceIndex arrived = 0;
  agent.carrier.swarm->join({second.name, Role::fetch, target.file, have(Role::fetch), PieceHashes(second.layout),
                             second.key.public_key(), [&](const Event& event) {
                               ready |= std::holds_alternative<Ready>(event);
                               arrived += std::holds_alternative<PieceArrived>(event);
                             }});
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready && other.ready && ready; }));
  agent.connect(seeder);
  agent.carrier.swarm->connect(second.name, {{"127.0.0.1", other.carrier.port, false}});
  REQUIRE(until(loop, [&] { return agent.complete() && arrived == second.layout.count(); }));
  CHECK(agent.identical());
  CHECK(target.identical());
}

TEST_CASE("a piece whose hash no peer passes on is asked of the tracker and kept until it answers") {
  Loop loop;
  const TestLayer layer(1_MiB);
  TestNode holder(loop, layer, "holder");
  TestNode agent(loop, layer, "agent");
  holder.join_without_batches();
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return holder.ready && agent.ready; }));
  agent.connect(holder);
  REQUIRE(until(loop, [&] { return !agent.wanted.empty(); }));
  CHECK(agent.arrived.held() == 0);
  agent.carrier.swarm->publish(layer.name, {layer.batches, {}});
  REQUIRE(until(loop, [&] { return agent.complete(); }));
  CHECK(agent.identical());
}

TEST_CASE("an upload limit holds on the loopback interface too") {
  Loop loop;
  const TestLayer layer(2_MiB);
  Options limited;
  limited.upload_limit = {4 << 20};
  TestNode seeder(loop, layer, "seeder", limited);
  TestNode agent(loop, layer, "agent");
  seeder.join(Role::seed);
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
  const auto start = std::chrono::steady_clock::now();
  agent.connect(seeder);
  REQUIRE(until(loop, [&] { return agent.complete(); }));
  CHECK(std::chrono::steady_clock::now() - start > Milliseconds(250));  // 0.5 s less what a bucket may hold
}

TEST_CASE("a port that another process uses is a clear error, not another port") {
  Loop loop;
  const SystemClock clock;
  Metrics metrics;
  const Carrier first = make_swarm(loop, clock, {"127.0.0.1:0", "first", {}, {}}, metrics);
  CHECK(first.port != 0);
  const std::string taken = "127.0.0.1:" + std::to_string(first.port);
  CHECK_THROWS_AS(make_swarm(loop, clock, {taken, "second", {}, {}}, metrics), StartError);
}

TEST_CASE("a node that listens on all addresses is reached on the loopback one") {
  Loop loop;
  const TestLayer layer(300_KiB);
  Options everywhere;
  everywhere.listen = "0.0.0.0:0";
  TestNode seeder(loop, layer, "seeder", everywhere);
  TestNode agent(loop, layer, "agent");
  seeder.join(Role::seed);
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
  agent.connect(seeder);
  REQUIRE(until(
      loop, [&] { return agent.complete(); }, std::chrono::seconds(5)));
}

TEST_CASE("a full disk ends the swarm here with its error") {
  Loop loop;
  const TestLayer layer(1_MiB);
  TestNode seeder(loop, layer, "seeder");
  TestNode agent(loop, layer, "agent");
  seeder.join(Role::seed);
  agent.make_unwritable();
  agent.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
  agent.connect(seeder);
  REQUIRE(until(loop, [&] { return !agent.failures.empty(); }));
  CHECK(agent.failures.size() == 1);
}

TEST_CASE("two agents that the seeder sees at one address with one port are both served") {
  Loop loop;
  const TestLayer layer(2_MiB);
  TestNode seeder(loop, layer, "seeder");
  TestNode first(loop, layer, "first", {.listen = "127.0.0.2:0", .node = {}});
  TestNode second(loop, layer, "second", {.listen = "127.0.0.3:" + std::to_string(first.carrier.port), .node = {}});
  seeder.join(Role::seed);
  first.join(Role::fetch);
  second.join(Role::fetch);
  REQUIRE(until(loop, [&] { return seeder.ready && first.ready && second.ready; }));
  first.connect(seeder);
  second.connect(seeder);
  REQUIRE(until(
      loop, [&] { return first.complete() && second.complete(); }, std::chrono::seconds(10)));
  CHECK(seeder.metrics.connections.value() == 2);
}

TEST_CASE("a node that listens on all addresses of both families is reached by each") {
  Loop loop;
  const TestLayer layer(300_KiB);
  TestNode seeder(loop, layer, "seeder", {.listen = "[::]:0", .node = {}});
  seeder.join(Role::seed);
  const bool has_ipv6 = ::access("/proc/net/if_inet6", F_OK) == 0;
  for (const std::string host : {"127.0.0.1", "::1"}) {
    if (host == "::1" && !has_ipv6) continue;
    TestNode agent(loop, layer, host, {.listen = host == "::1" ? "[::1]:0" : "127.0.0.1:0", .node = {}});
    agent.join(Role::fetch);
    REQUIRE(until(loop, [&] { return seeder.ready && agent.ready; }));
    agent.carrier.swarm->connect(layer.name, {{host, seeder.carrier.port, true}});
    REQUIRE(until(
        loop, [&] { return agent.complete(); }, std::chrono::seconds(5)));
  }
}

TEST_CASE("a swarm address that is not of this machine is told as that") {
  Loop loop;
  const SystemClock clock;
  Metrics metrics;
  CHECK_THROWS_WITH(make_swarm(loop, clock, {"192.0.2.1:7072", "first", {}, {}}, metrics),
                    Catch::Contains("swarm: cannot listen on 192.0.2.1:7072: Cannot assign requested address"));
}
