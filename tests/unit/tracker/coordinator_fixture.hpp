// CoordinatorFixture: a coordinator over the seeder of SeederFixture, and agents whose connections record what they are
// told.
#pragma once

#include "tests/unit/tracker/seeder_fixture.hpp"
#include "tracker/core.hpp"

namespace shoal::tracker {

using seeder::layer_size;

class RecordingLink final : public AgentLink {
 public:
  void send(const control::TrackerMessage& message) override { sent.push_back(message); }
  void close(const std::string&) override { closed = true; }

  template <class M>
  std::vector<M> all() const {
    std::vector<M> found;
    for (const control::TrackerMessage& message : sent) {
      if (const auto* m = std::get_if<M>(&message)) found.push_back(*m);
    }
    return found;
  }
  std::vector<control::TrackerMessage> sent;
  bool closed = false;
};

struct CoordinatorFixture : seeder::SeederFixture {
  Metrics tracker_metrics;
  Core core{{loop, clock, pool, store, swarm, source, keys, pace, tracker_metrics, std::mt19937(1),
             {.new_generation = seeder::first_generation}},
            {.seeder = {"", 7082, "tracker", true}, .epoch = 5}};
  Coordinator& coordinator = core.coordinator();
  std::vector<Digest> suspects;
  std::map<std::string, NodeId> ids;
  std::map<std::string, std::string> addresses;
  std::map<std::string, RecordingLink> links;

  CoordinatorFixture() {
    core.set_small_layer_port(7080);
    coordinator.on_suspect([this](const Digest& digest) { suspects.push_back(digest); });
  }

  RecordingLink& connect(const std::string& node, std::vector<Digest> held = {}, std::uint64_t epoch = 1) {
    control::Hello hello;
    hello.node = node;
    hello.epoch = epoch;
    hello.swarm.port = 7072;
    hello.small_layers.port = 7073;
    hello.held = std::move(held);
    const auto [address, is_new] = addresses.emplace(node, "10.0.0." + std::to_string(addresses.size() + 1));
    const auto id = coordinator.arrive(hello, address->second, links[node]);
    REQUIRE(id);
    ids[node] = *id;
    return links[node];
  }
  void join(const std::string& node, const Digest& digest, std::uint64_t size_hint_bytes = 0,
            const std::string& repository = "library/alpine", const std::string& upstream = "reg") {
    coordinator.handle(ids.at(node),
                       control::Join{digest, {control::LayerKind::blob, upstream, repository}, size_hint_bytes, {}});
  }
  // Each connects and joins; all have been answered then.
  void join_all(const std::vector<std::string>& nodes, const Digest& digest) {
    for (const std::string& node : nodes) {
      connect(node);
      join(node, digest);
    }
    REQUIRE(until([&] { return !links[nodes.back()].all<control::Joined>().empty(); }));
  }
  void progress(const std::string& node, const Digest& digest, Generation generation = 0, bool complete = false) {
    coordinator.handle(ids.at(node), control::Progress{digest, generation, 1, complete});
  }
};

}  // namespace shoal::tracker
