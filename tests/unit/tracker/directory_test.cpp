#include "tracker/directory/directory.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

Digest a_layer(const std::string& name) {
  return digest_of(DigestAlgorithm::sha256, bytes_of(name));
}

control::Hello hello(const std::string& node, std::uint64_t epoch = 1) {
  control::Hello hello;
  hello.node = node;
  hello.epoch = epoch;
  hello.swarm.port = 7072;
  hello.small_layers.port = 7073;
  return hello;
}

Time at(Milliseconds since_start) {
  return Time() + since_start;
}

}  // namespace

TEST_CASE("an agent is named to others under its connection's address unless it advertises another") {
  Directory directory{std::mt19937(1)};
  const auto plain = directory.arrive(hello("a"), "10.0.0.1");
  auto advertising = hello("b");
  advertising.swarm.host = "10.9.9.9";
  const auto advertised = directory.arrive(advertising, "10.0.0.2");
  REQUIRE(plain);
  REQUIRE(advertised);
  CHECK(directory.find(plain->id)->swarm == control::Endpoint{"10.0.0.1", 7072, "a", false});
  CHECK(directory.find(advertised->id)->swarm.host == "10.9.9.9");
}

TEST_CASE("an IPv4 address mapped into IPv6 is named as IPv4") {
  Directory directory{std::mt19937(1)};
  const auto arrival = directory.arrive(hello("a"), "::ffff:10.0.0.1");
  REQUIRE(arrival);
  CHECK(directory.find(arrival->id)->swarm.host == "10.0.0.1");
}

TEST_CASE("a hello with a link-local address, a bad name, no port or another version is refused") {
  Directory directory{std::mt19937(1)};
  auto no_port = hello("a");
  no_port.swarm.port = 0;
  auto other_version = hello("a");
  other_version.protocol_version = 2;
  CHECK_FALSE(directory.arrive(hello("a"), "fe80::1"));
  CHECK_FALSE(directory.arrive(hello("a"), "169.254.3.4"));
  CHECK_FALSE(directory.arrive(hello("a"), "not an address"));
  CHECK_FALSE(directory.arrive(hello("a node\n"), "10.0.0.1"));
  CHECK_FALSE(directory.arrive(hello(""), "10.0.0.1"));
  CHECK_FALSE(directory.arrive(no_port, "10.0.0.1"));
  CHECK_FALSE(directory.arrive(other_version, "10.0.0.1"));
  CHECK(directory.agents().empty());
}

TEST_CASE("a second hello of the same name and address replaces the first") {
  Directory directory{std::mt19937(1)};
  auto first_hello = hello("a");
  first_hello.held = {a_layer("x")};
  const auto first = directory.arrive(first_hello, "10.0.0.7");
  const auto again = directory.arrive(hello("a"), "10.0.0.7");
  const auto restarted = directory.arrive(hello("a", 2), "10.0.0.7");
  REQUIRE(first);
  REQUIRE(again);
  REQUIRE(restarted);
  CHECK(again->id == first->id);
  CHECK_FALSE(again->restarted);
  CHECK(restarted->restarted);
  CHECK_FALSE(restarted->duplicate_name);
  CHECK(directory.agents().size() == 1);
  CHECK(directory.held_layers().count(first->id) == 0);
}

TEST_CASE("a node that comes back at another address after its connection dropped replaces itself") {
  Directory directory{std::mt19937(1)};
  const auto first = directory.arrive(hello("a"), "10.0.0.1");
  REQUIRE(first);
  directory.drop(first->id, at(Milliseconds(1'000)));
  const auto moved = directory.arrive(hello("a", 2), "10.0.0.7");
  REQUIRE(moved);
  CHECK(moved->id == first->id);
  CHECK_FALSE(moved->duplicate_name);
  CHECK(directory.agents().size() == 1);
  CHECK(directory.find(first->id)->host.text() == "10.0.0.7");
}

TEST_CASE("two agents that are connected under one name are two, and each is told of the other") {
  Directory directory{std::mt19937(1)};
  auto other_port = hello("a");
  other_port.swarm.port = 9072;
  const auto first = directory.arrive(hello("a"), "10.0.0.1");
  const auto second = directory.arrive(other_port, "10.0.0.1");
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(first->duplicate_name);
  CHECK(second->duplicate_name == first->id);
  directory.hold(first->id, {a_layer("x")});
  CHECK(directory.holders(a_layer("x"), second->id, 8) == std::vector<NodeId>{first->id});
  const auto first_again = directory.arrive(hello("a"), "10.0.0.1");
  REQUIRE(first_again);
  CHECK(first_again->id == first->id);
  CHECK(first_again->duplicate_name == second->id);
  directory.drop(first->id, at(Milliseconds(1'000)));
  directory.remove(first->id);
  CHECK(directory.find(second->id) != nullptr);
  CHECK_FALSE(directory.arrive(other_port, "10.0.0.1")->duplicate_name);
}

TEST_CASE("after its connection dropped an agent stays for 15 seconds, unless it comes back") {
  Directory directory{std::mt19937(1)};
  const NodeId gone = directory.arrive(hello("gone"), "10.0.0.1")->id;
  const NodeId back = directory.arrive(hello("back"), "10.0.0.2")->id;
  directory.drop(gone, at(Milliseconds(1'000)));
  directory.drop(back, at(Milliseconds(1'000)));
  CHECK(directory.expired(at(Milliseconds(15'999))).empty());
  REQUIRE(directory.arrive(hello("back"), "10.0.0.2"));
  CHECK(directory.expired(at(Milliseconds(16'000))) == std::vector<NodeId>{gone});
  directory.remove(gone);
  CHECK(directory.find(gone) == nullptr);
  CHECK(directory.find(back) != nullptr);
}

TEST_CASE("holders are named in turn, never the asking one") {
  Directory directory{std::mt19937(1)};
  std::vector<NodeId> nodes;
  for (const std::string name : {"a", "b", "c", "d"}) {
    nodes.push_back(directory.arrive(hello(name), "10.0.0." + std::to_string(nodes.size() + 1))->id);
  }
  for (const NodeId node : {nodes[0], nodes[1], nodes[2]}) directory.hold(node, {a_layer("x")});
  std::map<NodeId, int> times;
  for (int i = 0; i < 300; ++i) {
    const auto chosen = directory.holders(a_layer("x"), nodes[3], 1);
    REQUIRE(chosen.size() == 1);
    ++times[chosen[0]];
  }
  CHECK(times == std::map<NodeId, int>{{nodes[0], 100}, {nodes[1], 100}, {nodes[2], 100}});
  for (int i = 0; i < 3; ++i) {
    const auto others = directory.holders(a_layer("x"), nodes[0], 8);
    CHECK(others.size() == 2);
    CHECK(std::find(others.begin(), others.end(), nodes[0]) == others.end());
  }
  CHECK(directory.holders(a_layer("unknown"), nodes[0], 8).empty());
}

TEST_CASE("an agent that is forgotten holds nothing any more") {
  Directory directory{std::mt19937(1)};
  const NodeId holder = directory.arrive(hello("a"), "10.0.0.1")->id;
  const NodeId asking = directory.arrive(hello("b"), "10.0.0.2")->id;
  directory.hold(holder, {a_layer("x"), a_layer("y")});
  CHECK(directory.holders(a_layer("x"), asking, 1).size() == 1);
  directory.remove(holder);
  CHECK(directory.holders(a_layer("x"), asking, 1).empty());
}

TEST_CASE("only agents of the same address family, and of the same side of loopback, are told of each other") {
  Directory directory{std::mt19937(1)};
  const NodeId four = directory.arrive(hello("four"), "10.0.0.1")->id;
  const NodeId six = directory.arrive(hello("six"), "fd00::1")->id;
  const NodeId local = directory.arrive(hello("local"), "127.0.0.1")->id;
  const NodeId other = directory.arrive(hello("other"), "10.0.0.2")->id;
  Roster& roster = directory.swarm(a_layer("x"));
  for (const NodeId node : {four, six, local}) {
    CHECK(directory.neighbours_for(roster, node).empty());
  }
  const auto neighbours = directory.neighbours_for(roster, other);
  REQUIRE(neighbours.size() == 1);
  CHECK(neighbours[0].node == "four");
}

TEST_CASE("the seeder is given to 48 members at once, and to another when one of them is complete") {
  Roster roster;
  for (NodeId node = 1; node <= 60; ++node) roster.join(node, 0);
  std::size_t given = 0;
  for (NodeId node = 1; node <= 60; ++node) given += roster.give_seeder(node);
  CHECK(given == Roster::seeder_members);
  CHECK_FALSE(roster.give_seeder(1));
  roster.find(1)->state = MemberState::complete;
  CHECK(roster.give_seeder(60));
}

TEST_CASE("a restart makes all members joining again, without neighbours and without the seeder") {
  std::mt19937 random(1);
  Roster roster;
  roster.join(1, 0).state = MemberState::ready;
  CHECK(roster.give_seeder(1));
  roster.graph().add(
      1, [](NodeId) { return true; }, random);
  roster.restart(1);
  CHECK(roster.generation() == 1);
  CHECK(roster.find(1)->state == MemberState::joining);
  CHECK_FALSE(roster.graph().contains(1));
  CHECK(roster.give_seeder(1));
}

TEST_CASE("a layer that an agent lost is not looked for there any more") {
  Directory directory{std::mt19937(1)};
  const NodeId first = directory.arrive(hello("a"), "10.0.0.1")->id;
  const NodeId second = directory.arrive(hello("b"), "10.0.0.2")->id;
  const NodeId asking = directory.arrive(hello("c"), "10.0.0.3")->id;
  directory.hold(first, {a_layer("x"), a_layer("y")});
  directory.hold(second, {a_layer("x")});
  directory.lose(first, {a_layer("x"), a_layer("unknown")});
  CHECK(directory.holders(a_layer("x"), asking, 8) == std::vector<NodeId>{second});
  CHECK(directory.holders(a_layer("y"), asking, 8) == std::vector<NodeId>{first});
  directory.lose(second, {a_layer("x")});
  directory.lose(second, {a_layer("x")});
  CHECK(directory.holders(a_layer("x"), asking, 8).empty());
  directory.remove(first);
  directory.remove(second);
}

TEST_CASE("of an agent that holds more than a hello carries the known layers stay, unless it was restarted") {
  Directory directory{std::mt19937(1)};
  const NodeId holder = directory.arrive(hello("holder"), "10.0.0.1")->id;
  std::vector<Digest> many;
  for (std::size_t i = 0; i <= control::largest_held_list; ++i) many.push_back(a_layer(std::to_string(i)));
  directory.hold(holder, many);
  REQUIRE(directory.arrive(hello("holder"), "10.0.0.1"));
  CHECK(directory.held_layers().count(holder) == many.size());
  auto restarted = hello("holder");
  restarted.epoch = 99;
  REQUIRE(directory.arrive(restarted, "10.0.0.1"));
  CHECK(directory.held_layers().count(holder) == 0);
}
