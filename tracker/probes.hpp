// Probes: the tracker tries the ports of an agent that connects, and again while they do not answer: an agent that
// cannot be reached is told once and is not named to others.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <functional>
#include <set>

#include "shared/metrics/metrics.hpp"
#include "tracker/directory/reachability.hpp"

namespace shoal::tracker {

using directory::NodeId;
using directory::Service;

struct ProbeMetrics {
  metrics::Counter failed;              // probes
  metrics::Gauge unreachable_pieces;    // connected agents
  metrics::Gauge unreachable_small;     // likewise
};

class Probes {
 public:
  static constexpr std::size_t most_at_once = 64;  // further ones wait: 10,000 ports that answer take a second or two
  static constexpr Milliseconds limit{2'000};      // one lost SYN is repeated after a second
  // A port that answered is not tried again so soon: ten thousand agents may connect again together.
  static constexpr Milliseconds trusted_for{600'000};
  static constexpr Milliseconds shortest_interval{5'000};  // of one port, whatever agents report of it
  static constexpr std::size_t most_known = 65'536;        // ports that answered: 4 MiB

  // A TCP connection, closed at once. The host is an IP address.
  using Connect = std::function<Task<Result<void>>(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit)>;
  struct Parts {
    Loop& loop;
    Clock& clock;
    const directory::Directory& directory;
    directory::Reachability& reachability;
    ProbeMetrics& metrics;
    Connect connect;  // empty: nothing is probed
  };
  explicit Probes(Parts parts) : parts_(std::move(parts)) {}

  void arrived(NodeId node);                   // an agent has connected
  void reported(NodeId node, Service service);  // another agent could not reach it
  void tick();                                  // each second

 private:
  using Port = std::pair<NodeId, Service>;
  struct Known {
    Time tried_at{};
    bool answered = false;
  };
  void add(NodeId node, Service service);
  void work();
  static Task<void> probe(Probes* self, NodeId node, Service service);
  void note(NodeId node, Service service, const Result<void>& answered);
  const control::Endpoint* endpoint(NodeId node, Service service) const;
  void remember(const control::Endpoint& endpoint, bool answered);
  void count();

  Parts parts_;
  std::deque<Port> waiting_;
  std::set<Port> pending_;  // waiting or under way: two for each agent at most
  std::map<Port, Time> later_;  // reported soon after a probe: to be tried then; as many
  std::size_t under_way_ = 0;
  std::map<std::pair<std::string, std::uint16_t>, Known> known_;
};

}  // namespace shoal::tracker
