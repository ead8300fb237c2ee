// Clusters drawn by lot: real pulls, stores, swarm members, trackers and control channels, over connections in memory
// and a clock that jumps. Nodes die, freeze and lie, disks fail, trackers are lost with all they knew, the origin goes
// away, breaks off and sends wrong bytes. Whatever it is, who lives ends with the right bytes while any source is
// alive, the tracker alone asks the origin unless it is lost, and no honest node is banned. SHOAL_SEED=N runs one seed
// alone, SHOAL_SEEDS=N so many, SHOAL_LOG=1 with all that the nodes log; the same seed goes the same way.
#include <catch2/catch.hpp>

#include "shared/log/log.hpp"
#include "tests/doubles/layer_bytes.hpp"
#include "tests/unit/cluster/nodes.hpp"

using namespace shoal;
using namespace shoal::cluster;

namespace {

constexpr Milliseconds step{5};
constexpr Milliseconds longest_pull{120'000};  // with all tries: each within the runtimes' 30 s

struct Cluster {
  explicit Cluster(int seed) : lots(seed), is_calm(lots.in(4)) {
    VirtualTime::restart(static_cast<unsigned>(seed));
    trackers.push_back(std::make_unique<TrackerNode>(world, "10.0.1.1", 1));
    const int layer_count = lots.between(1, 2);
    for (int i = 0; i < layer_count; ++i) {
      Bytes bytes = numbered_bytes(static_cast<std::size_t>(lots.between(300'000, 1'200'000)), seed * 4 + i);
      layers.push_back(digest_of(DigestAlgorithm::sha256, bytes));
      world.registry.layers[layers.back()] = std::move(bytes);
    }
    const int nodes = lots.between(1, 6);
    for (int number = 1; number <= nodes; ++number) {
      agents.push_back(std::make_unique<AgentNode>(world, number, *trackers.back()));
    }
    world.registry.pause = Milliseconds(lots.between(1, 60));
  }

  void go_on() {
    run_what_is_due(world.loop);
    VirtualTime::advance(step);
    world.network.deliver(VirtualTime::now());
    if (++steps % 4 == 0) {
      for (const auto& [host, swarm] : world.swarms) swarm->tick();
    }
    if (steps % 200 == 0) trackers.back()->tick();
  }

  void go_on_for(Milliseconds time) {
    const Time end = VirtualTime::now() + time;
    while (VirtualTime::now() < end) go_on();
  }

  // All at once, or some later.
  void start_pulls() {
    const int spread = lots.in(2) ? 0 : 3'000;
    for (const auto& agent : agents) {
      for (const Digest& layer : layers) {
        const Time start = VirtualTime::now() + Milliseconds(lots.between(0, spread));
        world.network.at(start, [node = agent.get(), &layer, reading = &readings.emplace_back()] {
          if (node->is_alive()) node->pull(layer, *reading);
        });
      }
    }
  }

  AgentNode& one() { return *lots.one_of(agents); }

  void break_something() {
    const Time soon = VirtualTime::now() + Milliseconds(lots.between(100, 4'000));
    switch (lots.between(1, 8)) {
      case 1:
        if (deaths++ < agents.size() / 2) one().die();
        break;
      case 2:
        freeze(one(), soon);
        break;
      case 3:
        one().swarm().lies = true;
        break;
      case 4:
        fail_disk(one());
        break;
      case 5:
        lose_tracker();
        break;
      case 6:
        world.registry.down_until = soon;
        break;
      case 7:
        world.registry.breaks = 1;
        break;
      default:
        if (!std::exchange(sends_wrong_bytes, true)) world.registry.wrong_once.insert(lots.one_of(layers));
    }
  }

  // It may miss that the tracker waits for the origin.
  void freeze(AgentNode& node, Time until) {
    world.network.node(node.host()).frozen_until = until;
    may_ask_origin.insert(node.host());
  }

  void fail_disk(AgentNode& node) {
    node.disk().fail(lots.between(1, 40), lots.in(2) ? EIO : ENOSPC);
    may_ask_origin.insert(node.host());
  }

  // Another one comes in its place, with other keys, without its store.
  void lose_tracker() {
    if (trackers.size() > 2) return;
    trackers.back()->die();
    for (const auto& agent : agents) may_ask_origin.insert(agent->host());
    const auto number = static_cast<unsigned>(trackers.size()) + 1;
    const Time back = VirtualTime::now() + Milliseconds(lots.between(200, 6'000));
    trackers.push_back(std::make_unique<TrackerNode>(world, "10.0.1." + std::to_string(number), number));
    for (const auto& agent : agents) agent->tracker_is(nullptr);
    world.network.at(back, [this, came = trackers.back().get()] {
      for (const auto& agent : agents) agent->tracker_is(came);
    });
  }

  bool all_ended() const {
    for (std::size_t i = 0; i < readings.size(); ++i) {
      if (agents[i / layers.size()]->is_alive() && !readings[i].ended) return false;
    }
    return true;
  }

  World world;
  Lots lots;
  bool is_calm;                          // nothing fails
  std::set<std::string> may_ask_origin;  // agents, by host
  bool sends_wrong_bytes = false;        // the origin
  std::vector<std::unique_ptr<TrackerNode>> trackers;
  std::vector<Digest> layers;
  std::vector<std::unique_ptr<AgentNode>> agents;
  std::deque<Reading> readings;
  std::size_t deaths = 0;
  int steps = 0;
};

void check_node(Cluster& cluster, AgentNode& node) {
  for (const Digest& layer : cluster.layers) CHECK(holds_no_wrong_bytes(node.store(), layer));
  CHECK(node.store().reserved().value == 0);
  for (const auto& other : cluster.agents) {
    if (!other->swarm().lies) CHECK_FALSE(node.swarm().bans(other->name(), other->host()));
  }
  for (const auto& tracker : cluster.trackers) CHECK_FALSE(node.swarm().bans("tracker", tracker->host()));
}

void play(int seed) {
  Cluster cluster(seed);
  INFO("seed " << seed << ": " << cluster.agents.size() << " agents, " << cluster.layers.size() << " layers");
  cluster.go_on_for(Milliseconds(100));
  const bool is_broken_before = !cluster.is_calm && cluster.lots.in(3);
  if (is_broken_before) cluster.break_something();
  cluster.start_pulls();
  const Time end = VirtualTime::now() + longest_pull;
  const int faults = cluster.is_calm ? 0 : cluster.lots.between(1, 4);
  for (int fault = 0; fault < faults; ++fault) {
    cluster.go_on_for(Milliseconds(cluster.lots.between(0, 800)));
    cluster.break_something();
  }
  while (!cluster.all_ended() && VirtualTime::now() < end) cluster.go_on();
  for (const auto& agent : cluster.agents) agent->disk().stop();
  cluster.go_on_for(Milliseconds(12'000));  // what else is under way ends
  for (std::size_t i = 0; i < cluster.readings.size(); ++i) {
    const Reading& reading = cluster.readings[i];
    if (!cluster.agents[i / cluster.layers.size()]->is_alive()) continue;
    CAPTURE(i, reading.tries, reading.received);
    if (reading.error) UNSCOPED_INFO(reading.error->what);
    CHECK(reading.ended);
    CHECK_FALSE(reading.error);
    CHECK(reading.received == reading.content->size());
    if (!cluster.sends_wrong_bytes) CHECK(reading.is_right);
  }
  for (const auto& agent : cluster.agents) {
    if (agent->is_alive()) check_node(cluster, *agent);
  }
  CHECK(cluster.trackers.back()->is_idle());
  for (const Digest& layer : cluster.layers) {
    const std::vector<std::string>& askers = cluster.world.registry.askers[layer];
    if (cluster.is_calm) CHECK(askers == std::vector<std::string>{cluster.trackers.front()->host()});
    for (const auto& agent : cluster.agents) {
      if (!cluster.may_ask_origin.contains(agent->host())) CHECK(std::ranges::count(askers, agent->host()) == 0);
    }
  }
}

}  // namespace

TEST_CASE("whatever breaks in a cluster, who lives ends with the right bytes, and nobody honest pays for it") {
  REQUIRE(log::configure(std::getenv("SHOAL_LOG") ? "debug" : "error", "text"));
  play_seeds(100, play);
}
