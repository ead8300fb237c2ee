// Reachability: which agents cannot be reached, as the agents report and as the tracker's own probes find. Pure logic:
// time is given.
//
// A report counts for agents on the reporter's host; reports from two hosts count for all: one agent alone may have a
// broken network, or be hostile. A probe counts for all, but only while some of the others succeed: a network may not
// let the tracker reach agents, which reach each other. Threads: the loop.
#pragma once

#include <map>
#include <set>
#include <string>

#include "shared/core/failure_memory.hpp"
#include "tracker/directory/directory.hpp"

namespace shoal::tracker::directory {

using control::Service;

class Reachability {
 public:
  static constexpr std::size_t hosts_for_all = 2;
  static constexpr std::size_t most_reporters = 8;  // hosts that are remembered for one agent; the oldest makes room
  static constexpr std::size_t failures_of_one_success = 8;  // above it the tracker's own network is what fails

  explicit Reachability(const Directory& directory) : directory_(directory) {}

  // An agent on that host cannot reach `subject`. True when a rest begins.
  bool report(NodeId subject, Service service, const std::string& reporter_host, Time now);
  // The tracker tried the port. True when that changed what is known of it.
  bool note_probe(NodeId subject, Service service, const Result<void>& answered, Time now);
  void remove(NodeId subject);

  // Whether `from` may be sent to `to`, as far as the network lets it and failures are known.
  bool may_send(NodeId from, NodeId to, Service service, Time now) const;
  // Whether an agent on that host may be sent there, as far as failures are known.
  bool may_name(NodeId subject, Service service, const std::string& asking_host, Time now) const;
  // Whether any agent may, as far as it is known.
  bool is_reachable(NodeId subject, Service service, Time now) const;
  std::string cause(NodeId subject, Service service, Time now) const;  // empty when it is reachable

  // The agent that was named with this endpoint.
  std::optional<NodeId> find(const control::Endpoint& endpoint, Service service) const;
  // Ports that did not answer, and are to be tried again now.
  std::vector<std::pair<NodeId, Service>> to_probe(Time now) const;
  std::vector<NodeId> unreachable(Service service, Time now) const;
  std::vector<NodeId> not_named_to(const std::string& asking_host, Service service, Time now) const;

 private:
  using Key = std::pair<NodeId, Service>;
  struct Reports {
    FailureMemory<std::string> hosts{{.most = most_reporters}};
  };
  struct Probe {
    std::string cause;
    Time again_at{};
    Milliseconds pause{};
  };
  std::vector<NodeId> known_failures(Service service) const;
  bool probes_count() const { return probes_.size() <= failures_of_one_success * answered_.size(); }

  const Directory& directory_;
  std::map<Key, Reports> reports_;  // of registered agents only, as `probes_`: bounded by their number
  std::map<Key, Probe> probes_;     // that failed
  std::set<Key> answered_;          // probes that succeeded
};

}  // namespace shoal::tracker::directory
