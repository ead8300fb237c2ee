#include "tracker/directory/trust.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

constexpr Time start{std::chrono::hours(5)};

struct Fixture {
  NodeId add(const std::string& node, std::vector<Digest> held = {}, std::uint16_t small_layer_port = 7073) {
    control::Hello hello;
    hello.node = node;
    hello.epoch = 1;
    hello.swarm.port = 7072;
    hello.small_layers.port = small_layer_port;
    hello.held = std::move(held);
    const auto arrival = directory.arrive(hello, host_of(node));
    REQUIRE(arrival);
    return arrival->id;
  }
  static std::string host_of(const std::string& node) { return "10.0.0." + node.substr(node.find('-') + 1); }
  std::vector<std::string> nodes_to_read() const {
    std::vector<std::string> nodes;
    for (const control::Endpoint& holder : trust.holders_to_read(layer, Time())) nodes.push_back(holder.node);
    return nodes;
  }

  const Digest layer = digest_of(DigestAlgorithm::sha256, bytes_of("a layer"));
  Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  Trust trust{directory, reachability};
};

}  // namespace

TEST_CASE("two reporters ban a registered node, and its own reports do not count from then on") {
  Fixture f;
  const NodeId corrupt = f.add("node-1");
  const NodeId first = f.add("node-2");
  const NodeId second = f.add("node-3");
  const Accused accused{"node-1", Fixture::host_of("node-1")};
  CHECK_FALSE(f.trust.report(first, accused, start));
  CHECK(f.trust.report(second, accused, start));
  CHECK(f.trust.is_banned(corrupt, start));
  CHECK(f.directory.find(corrupt)->is_banned);
  const Accused other{"node-2", Fixture::host_of("node-2")};
  CHECK_FALSE(f.trust.report(corrupt, other, start));
  CHECK_FALSE(f.trust.report(second, other, start));
}

TEST_CASE("a node that is not registered at that address is not accused") {
  Fixture f;
  const Accused accused{"node-9", Fixture::host_of("node-9")};
  for (const char* reporter : {"node-1", "node-2"}) CHECK_FALSE(f.trust.report(f.add(reporter), accused, start));
  CHECK(f.trust.banned(start).empty());
}

TEST_CASE("a lost layer is read from two connected agents that hold it and serve layers") {
  Fixture f;
  f.directory.drop(f.add("node-1", {f.layer}), start);
  f.add("node-2", {f.layer}, 0);
  f.add("node-3");
  for (const char* node : {"node-4", "node-5", "node-6"}) f.add(node, {f.layer});
  CHECK(f.nodes_to_read() == std::vector<std::string>{"node-4", "node-5"});
}

TEST_CASE("an agent that sent a corrupt layer, or is banned, is not read from") {
  Fixture f;
  for (const char* node : {"node-1", "node-2", "node-3"}) f.add(node, {f.layer});
  f.trust.distrust("node-1");
  const Accused banned{"node-2", Fixture::host_of("node-2")};
  for (const char* reporter : {"node-4", "node-5"}) f.trust.report(f.add(reporter), banned, start);
  CHECK(f.nodes_to_read() == std::vector<std::string>{"node-3"});
}
