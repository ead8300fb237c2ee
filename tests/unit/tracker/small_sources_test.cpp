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
    for (const control::Endpoint& source : sources.sources_for(layer, asking, Time())) nodes.push_back(source.node);
    return nodes;
  }

  const Digest layer = digest_of(DigestAlgorithm::sha256, bytes_of("a layer"));
  Directory directory{std::mt19937(1)};
  SmallSources sources{directory, std::mt19937(1)};
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
