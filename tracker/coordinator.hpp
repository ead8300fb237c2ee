// Coordinator: the agents' connections and their messages: each message goes to the part that answers it, and events of
// the seeder are handled between two messages.
//
// Threads: the loop.
#pragma once

#include "tracker/checks.hpp"
#include "tracker/directory/trust.hpp"
#include "tracker/joins.hpp"
#include "tracker/probes.hpp"
#include "tracker/resolver.hpp"

namespace shoal::tracker {

struct CoordinatorMetrics {
  JoinMetrics joins;
  metrics::Counter blames;
  metrics::Counter bans;
  metrics::Counter unreachable_reports;
  ProbeMetrics probes;
  metrics::Gauge connected_agents;
};

class Coordinator {
 public:
  struct Options {
    control::Endpoint seeder;     // as agents are told it: host empty unless advertised
    std::uint64_t epoch = 0;      // of this tracker's memory: another one for each start
  };
  struct Parts {
    Clock& clock;
    const seeder::Keys& keys;
    directory::Directory& directory;
    directory::Reachability& reachability;
    directory::Trust& trust;
    directory::SmallSources& small_sources;
    Probes& probes;
    seeder::Events& events;
    seeder::Seeder& seeder;
    Resolver& resolver;
    Checks& checks;
    CoordinatorMetrics& metrics;
  };
  Coordinator(Parts parts, Options options);

  // `suspect` is called with a layer when an agent reports wrong bytes of the seeder.
  void on_suspect(std::function<void(const Digest&)> suspect) { suspect_ = std::move(suspect); }

  // The first message of a connection. From then on `link` is the agent's, until `gone`; an older one is closed.
  Result<NodeId> arrive(const control::Hello& hello, const std::string& source, AgentLink& link);
  void handle(NodeId from, const control::AgentMessage& message);
  void gone(NodeId node, const AgentLink& link);

  void take_seeder_events();
  void tick();  // each second
  void close_links(const std::string& cause) { links_.close_all(cause); }
  bool may_evict(const Digest& digest) const { return joins_.may_evict(digest); }
  bool needs_pieces(const Digest& digest) const { return joins_.needs_pieces(digest); }  // a member of its swarm

 private:
  void on(NodeId from, const control::Join& join) { joins_.join(from, join); }
  void on(NodeId from, const control::Progress& progress);
  void on(NodeId from, const control::Leave& leave);
  void on(NodeId from, const control::Holds& holds);
  void on(NodeId from, const control::Lost& lost);
  void on(NodeId from, const control::Resolve& question);
  void on(NodeId from, const control::Check& question);
  void on(NodeId from, const control::Blame& blame);
  void on(NodeId from, const control::RequestHashes& wanted);
  void on(NodeId from, const control::Unreachable& report);
  void on(NodeId from, const control::Hello& second);

  void on(const seeder::HolderCorrupt& event);
  template <class OfLayer>
  void on(const OfLayer& event) {
    joins_.on(event);
  }

  void welcome(NodeId node);
  void note_held(NodeId node, const std::vector<Digest>& digests);

  Parts parts_;
  Options options_;
  std::function<void(const Digest&)> suspect_;
  AgentLinks links_;
  OwnFetches own_fetches_;
  Joins joins_;
};

}  // namespace shoal::tracker
