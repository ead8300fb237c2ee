// What a tracker makes of the reports that an agent cannot be reached.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

TEST_CASE("a neighbour that could not be dialled is told to dial instead, and a hostile report alone keeps it from nobody") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.join_all({"a", "b", "c"}, digest);
  f.progress("a", digest);
  f.progress("b", digest);
  const control::Endpoint of_a = f.links["b"].all<control::Peers>().at(0).peers.at(0);
  const control::Unreachable report{digest, control::Service::pieces, of_a};
  for (int i = 0; i < 3; ++i) f.coordinator.handle(f.ids.at("b"), report);
  const auto told = f.links["a"].all<control::Peers>();
  REQUIRE(told.size() == 1);
  REQUIRE(told[0].peers.size() == 1);
  CHECK(told[0].peers[0].node == "b");
  f.progress("c", digest);
  CHECK(f.links["c"].all<control::Peers>().at(0).peers.size() == 2);
  CHECK(f.tracker_metrics.coordinator.unreachable_reports.value() == 3);
}

TEST_CASE("an agent that cannot be dialled is named to no newcomer, and dials it") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  for (const char* node : {"a", "b", "c", "d"}) {
    f.connect(node);
    f.join(node, digest);
  }
  REQUIRE(f.until([&] { return !f.links["d"].all<control::Joined>().empty(); }));
  for (const char* node : {"a", "b", "c"}) f.progress(node, digest);
  const control::Endpoint of_a{f.addresses.at("a"), 7072, "a", false};
  for (const char* reporter : {"b", "c"}) {
    f.coordinator.handle(f.ids.at(reporter), control::Unreachable{digest, control::Service::pieces, of_a});
  }
  const std::size_t told = f.links["a"].all<control::Peers>().size();
  f.progress("d", digest);
  for (const auto& peers : f.links["d"].all<control::Peers>()) {
    for (const control::Endpoint& peer : peers.peers) CHECK(peer.node != "a");
  }
  const auto peers = f.links["a"].all<control::Peers>();
  REQUIRE(peers.size() == told + 1);
  CHECK(peers.back().peers.at(0).node == "d");
}

TEST_CASE("an agent that started again is not what was reported of it, and one without a connection is not reported") {
  CoordinatorFixture f;
  for (const char* node : {"a", "b", "c"}) f.connect(node);
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const control::Endpoint of_a{f.addresses.at("a"), 7072, "a", false};
  const auto report = [&] {
    for (const char* reporter : {"b", "c"}) {
      f.coordinator.handle(f.ids.at(reporter), control::Unreachable{digest, control::Service::pieces, of_a});
    }
  };
  const auto is_reachable = [&] {
    return f.core.reachability().is_reachable(f.ids.at("a"), control::Service::pieces, f.clock.now());
  };
  report();
  CHECK_FALSE(is_reachable());
  f.connect("a", {}, 2);
  CHECK(is_reachable());
  f.coordinator.gone(f.ids.at("a"), f.links["a"]);
  report();
  CHECK(is_reachable());
}

TEST_CASE("a report of the agent itself, or of one that the tracker does not know, has no effect") {
  CoordinatorFixture f;
  f.connect("a");
  f.connect("b");
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const control::Endpoint of_a{f.addresses.at("a"), 7073, "a", false};
  control::Endpoint elsewhere = of_a;
  elsewhere.host = "10.9.9.9";
  f.coordinator.handle(f.ids.at("a"), control::Unreachable{digest, control::Service::small_layers, of_a});
  f.coordinator.handle(f.ids.at("b"), control::Unreachable{digest, control::Service::small_layers, elsewhere});
  f.coordinator.handle(f.ids.at("b"), control::Unreachable{digest, control::Service::small_layers, {}});
  f.connect("c");
  for (const char* asking : {"b", "c"}) {
    CHECK(f.core.reachability().may_send(f.ids.at(asking), f.ids.at("a"), control::Service::small_layers, f.clock.now()));
  }
}
