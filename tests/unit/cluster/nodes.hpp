// What a simulated cluster is made of: an origin in memory, trackers and agents, each the real thing but for its
// connections, its swarm and its clock.
//
// Threads: one.
#pragma once

#include <set>

#include "agent/pull/pulls.hpp"
#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/lots.hpp"
#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/cluster/network.hpp"
#include "tracker/agent_session.hpp"
#include "tracker/core.hpp"

namespace shoal::cluster {

// The registry, as all nodes see it.
struct Registry {
  std::map<Digest, Bytes> layers;
  std::map<Digest, std::vector<std::string>> askers;  // hosts, one for each stream
  std::set<Digest> wrong_once;                        // its next stream is not the layer
  Time down_until{};
  int breaks = 0;         // streams to come that end early
  Milliseconds pause{2};  // before each 32 KiB
};

// One node's way to it.
class MemoryOrigin final : public origin::Origin {
 public:
  MemoryOrigin(Registry& registry, Clock& clock, Network& network, std::string host);
  Task<Result<std::unique_ptr<origin::LayerStream>>> open(origin::LayerQuestion question, std::uint64_t from) override;

 private:
  class Stream;
  bool reachable() const;
  Registry& registry_;
  Clock& clock_;
  Network& network_;
  std::string host_;
};

// A node's disk and the store on it.
struct Disk {
  TemporaryDirectory directory;
  FailingOperation faults;
  store::Store store{{.path = directory.path(), .capacity = 64_MiB, .faults = &faults}};
};

struct World {
  Network network;
  MemorySwarm::Everybody swarms;
  Registry registry;
  std::deque<Disk> disks;
  Loop loop;          // what still waits on it refers to those above
  SystemClock clock;  // which is virtual
  Pool pool{0};
};

// A tracker with a store of its own. One that dies stays as it is, cut off; another takes its place.
class TrackerNode {
 public:
  TrackerNode(World& world, const std::string& host, unsigned seed);

  void accept(std::unique_ptr<http::WebSocket> socket);
  void tick() { core_.coordinator().tick(); }
  void die();
  const std::string& host() const { return host_; }
  bool is_idle() const { return store_.reserved().value == 0; }

 private:
  World& world_;
  std::string host_;
  store::Store& store_;
  MemorySwarm swarm_;
  MemoryOrigin origin_;
  tracker::seeder::OriginSource source_;
  tracker::seeder::Keys keys_;
  tracker::seeder::Pace pace_;
  tracker::Metrics metrics_;
  tracker::Core core_;
};

// What one client of an agent got.
struct Reading {
  const Bytes* content = nullptr;
  std::uint64_t received = 0;
  bool is_right = true;  // so far
  std::optional<Error> error;
  int tries = 0;
  std::optional<Time> ended;
};

class AgentNode {
 public:
  AgentNode(World& world, int number, TrackerNode& tracker);
  ~AgentNode();

  // As a runtime does: what fails is asked for again from where it stopped, some times.
  void pull(const Digest& digest, Reading& reading);
  void die();
  bool is_alive() const { return is_alive_; }
  const std::string& host() const { return host_; }
  const std::string& name() const { return name_; }
  MemorySwarm& swarm() { return swarm_; }
  store::Store& store() { return disk_.store; }
  FailingOperation& disk() { return disk_.faults; }
  void tracker_is(TrackerNode* tracker) { tracker_ = tracker; }  // null: none

 private:
  Task<Result<std::unique_ptr<http::WebSocket>>> dial();
  control::Hello hello() const;
  static Task<void> read(AgentNode* self, Digest digest, Reading* reading);
  static Task<Result<void>> read_once(AgentNode* self, Digest digest, Reading* reading);

  World& world_;
  std::string name_;
  std::string host_;
  bool is_alive_ = true;
  TrackerNode* tracker_;
  Disk& disk_;
  MemorySwarm swarm_;
  MemoryOrigin origin_;
  agent::pull::Metrics metrics_;
  std::unique_ptr<agent::link::Trackers> trackers_;
  std::unique_ptr<agent::access::Access> access_;
  std::unique_ptr<agent::pull::Pulls> pulls_;
};

}  // namespace shoal::cluster
