// An agent that comes back after its connection ended is told its neighbours again.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;
using namespace shoal::tracker::directory;

namespace {

std::vector<std::string> neighbours_told(const RecordingLink& link) {
  std::vector<std::string> nodes;
  for (const control::Peers& peers : link.all<control::Peers>()) {
    for (const control::Endpoint& peer : peers.peers) nodes.push_back(peer.node);
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

struct Fixture : CoordinatorFixture {
  explicit Fixture(int count) {
    for (int number = 1; number <= count; ++number) nodes.push_back("node-" + std::to_string(number));
    for (const std::string& node : nodes) {
      connect(node);
      join(node, digest, layer_size.value);
    }
    REQUIRE(until([&] { return links[nodes.back()].all<control::Joined>().size() == 1; }));
  }
  // The connection ends; what was sent on it last may never have arrived. The agent comes back as agents do.
  void come_back(const std::string& node) {
    coordinator.gone(ids.at(node), links.at(node));
    links.at(node).sent.clear();
    connect(node);
    join(node, digest, layer_size.value);
    progress(node, digest);
  }

  const Digest digest = source.add(numbered_bytes(layer_size.value));
  std::vector<std::string> nodes;
};

}  // namespace

TEST_CASE("an agent that comes back is told its neighbours again, those that dialled it included") {
  Fixture f(3);
  for (const std::string& node : f.nodes) f.progress(node, f.digest);
  f.come_back("node-2");
  CHECK(neighbours_told(f.links["node-2"]) == std::vector<std::string>{"node-1", "node-3"});
  f.progress("node-2", f.digest);
  CHECK(f.links["node-2"].all<control::Peers>().size() == 1);
}

TEST_CASE("an agent whose second connection replaced the first is told its neighbours again") {
  Fixture f(2);
  for (const std::string& node : f.nodes) f.progress(node, f.digest);
  f.connect("node-2");
  f.progress("node-2", f.digest);
  CHECK(f.links["node-2"].all<control::Peers>().size() == 2);
}

TEST_CASE("an agent that comes back is not told of neighbours that left meanwhile") {
  Fixture f(3);
  for (const std::string& node : f.nodes) f.progress(node, f.digest);
  f.coordinator.gone(f.ids["node-2"], f.links["node-2"]);
  f.coordinator.handle(f.ids["node-1"], control::Leave{f.digest});
  f.come_back("node-2");
  CHECK(neighbours_told(f.links["node-2"]) == std::vector<std::string>{"node-3"});
}

TEST_CASE("a hundred agents that lose the connection when their neighbours are sent all have neighbours afterwards") {
  Fixture f(100);
  for (const std::string& node : f.nodes) f.progress(node, f.digest);
  for (const std::string& node : f.nodes) f.come_back(node);
  for (const std::string& node : f.nodes) {
    INFO(node);
    const auto told = neighbours_told(f.links[node]);
    CHECK(told.size() >= PeerChoice::newcomer_degree);
    CHECK(std::adjacent_find(told.begin(), told.end()) == told.end());
  }
}
