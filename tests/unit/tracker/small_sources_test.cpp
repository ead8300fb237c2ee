#include "tracker/directory/small_sources.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

struct Fixture {
  Fixture() { sources.set_tracker_port(7080); }
  NodeId add(const std::string& node, const std::string& host, std::vector<Digest> held = {}) {
    control::Hello hello;
    hello.node = node;
    hello.swarm.port = 7072;
    hello.small_layers.port = 7073;
    hello.held = std::move(held);
    const auto arrival = directory.arrive(hello, host);
    REQUIRE(arrival);
    return arrival->id;
  }
  std::vector<std::string> sources_for(NodeId asking) {
    std::vector<std::string> nodes;
    for (const control::Endpoint& source : sources.sources_for(layer, asking, now)) nodes.push_back(source.node);
    return nodes;
  }

  const Digest layer = digest_of(DigestAlgorithm::sha256, bytes_of("a layer"));
  Directory directory{std::mt19937(1)};
  Reachability reachability{directory};
  SmallSources sources{directory, reachability, std::mt19937(1)};
  Time now{};
};

}  // namespace

TEST_CASE("a small layer is fetched from a holder, then from the tracker") {
  Fixture f;
  f.add("holder", "10.0.0.1", {f.layer});
  CHECK(f.sources_for(f.add("asking", "10.0.0.2")) == std::vector<std::string>{"holder", "tracker"});
}

TEST_CASE("a holder that is disconnected or cannot be reached is no source") {
  Fixture f;
  f.directory.drop(f.add("disconnected", "10.0.0.1", {f.layer}), Time());
  f.add("of-another-family", "fd00::1", {f.layer});
  CHECK(f.sources_for(f.add("asking", "10.0.0.2")) == std::vector<std::string>{"tracker"});
}

TEST_CASE("a holder that did not answer an agent is not named to that agent for a while") {
  Fixture f;
  const NodeId holder = f.add("holder", "10.0.0.1", {f.layer});
  const NodeId asking = f.add("asking", "10.0.0.2");
  f.reachability.report(holder, Service::small_layers, "10.0.0.2", Time());
  CHECK(f.sources_for(asking) == std::vector<std::string>{"tracker"});
  CHECK(f.sources_for(f.add("other", "10.0.0.3")) == std::vector<std::string>{"holder", "tracker"});
  f.now = Time() + FailureLimits().first;
  CHECK(f.sources_for(asking).size() > 1);
}

TEST_CASE("forty holders that cannot be reached do not hide the one that can") {
  Fixture f;
  for (int i = 1; i <= 40; ++i) {
    const NodeId sick = f.add("sick" + std::to_string(i), "10.0.1." + std::to_string(i), {f.layer});
    for (const char* host : {"10.0.0.8", "10.0.0.9"}) {
      f.reachability.report(sick, Service::small_layers, host, Time());
    }
  }
  f.add("healthy", "10.0.0.1", {f.layer});
  CHECK(f.sources_for(f.add("asking", "10.0.0.2")) == std::vector<std::string>{"healthy", "tracker"});
}

TEST_CASE("an agent that asks first is a source for the next, until it is removed") {
  Fixture f;
  const NodeId first = f.add("first", "10.0.0.1");
  CHECK(f.sources_for(first) == std::vector<std::string>{"tracker"});
  f.sources.note_held(first, {f.layer});
  CHECK(f.sources_for(f.add("second", "10.0.0.2")) == std::vector<std::string>{"first", "tracker"});
  f.sources.remove(first);
  f.directory.remove(first);
  CHECK(f.sources_for(f.add("third", "10.0.0.3")) != std::vector<std::string>{"first", "tracker"});
}
