// Coordinator: answers the agents: who joins which swarm, whom each dials, what the seeder says, tags.
//
// A join goes to the seeder; once the layer is known the agent is answered with the seeder's address (Joined). When it
// listens under the swarm's name (its first Progress) it is told its neighbours (Peers), and handed out to later ones.
// Threads: the loop.
#pragma once

#include "shared/core/clock.hpp"
#include "tracker/agent_link.hpp"
#include "tracker/directory/blames.hpp"
#include "tracker/directory/directory.hpp"
#include "tracker/directory/fan_out.hpp"
#include "tracker/resolver.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker {

struct CoordinatorMetrics {
  metrics::Counter joins;
  metrics::Counter refused_joins;
  metrics::Counter blames;
  metrics::Counter bans;
  metrics::Gauge connected_agents;
};

class Coordinator final : public SeederEvents {
 public:
  static constexpr std::size_t named_holders = 3;  // of a small layer, beside the tracker, in one answer
  static constexpr std::size_t read_holders = 2;   // of a layer that the tracker lost; then the origin is asked

  struct Options {
    control::Endpoint seeder;                      // as it is handed out: host empty unless advertised
    std::uint64_t epoch = 0;                       // of this tracker's memory: another one for each start
    std::function<void(const Digest&)> suspect{};  // an agent says that it had wrong bytes of the layer from the seeder
  };
  struct Parts {
    Seeder::Parts seeder;
    Resolver::Parts resolver;  // its `keep` is the seeder's: set here
    CoordinatorMetrics& metrics;
    std::mt19937 random;
  };
  Coordinator(Parts parts, Options options);

  // The first message of a connection. From then on `link` is the agent's, until `gone`; an older one is closed.
  Result<NodeId> arrive(const control::Hello& hello, const std::string& source, AgentLink& link);
  void handle(NodeId from, const control::AgentMessage& message);
  void gone(NodeId node, const AgentLink& link);

  // The port of the control listener, where the tracker itself is a holder of small layers.
  void hand_out_port(std::uint16_t port) { own_small_layers_.port = port; }

  void forget(const Digest& digest) { seeder_.forget(digest); }  // the store does not hold it any more

  void tick();  // each second
  void close_links(const std::string& why);

  const Directory& directory() const { return directory_; }
  const Seeder& seeder() const { return seeder_; }

 private:
  void known(const LayerInfo& layer) override;
  void restarted(const Digest& digest, Generation generation) override;
  void finished(const LayerInfo& layer) override;
  void refused(const Wanted& wanted, const Refusal& refusal) override;
  std::deque<control::Endpoint> holders(const Digest& digest) override;
  void gave_wrong_bytes(const control::Endpoint& holder) override;

  void on(NodeId from, const control::Join& join);
  void on(NodeId from, const control::Progress& progress);
  void on(NodeId from, const control::Leave& leave);
  void on(NodeId from, const control::Holds& holds);
  void on(NodeId from, const control::Lost& lost);
  void on(NodeId from, const control::Resolve& question);
  void on(NodeId from, const control::Blame& blame);
  void on(NodeId from, const control::WantHashes& want);
  void on(NodeId from, const control::Hello& second);

  void want(NodeId node, const Digest& digest, const control::Source& source, std::uint64_t size_hint_bytes);
  void warn_of_namesake(NodeId node, NodeId namesake) const;
  void answer_join(NodeId node, const LayerInfo& layer, std::uint64_t size_hint_bytes);
  void answer_small(NodeId node, const LayerInfo& layer);
  std::optional<std::size_t> distance_between(NodeId asking, NodeId other) const;  // as FanOut::Distance
  void note_held(NodeId node, const std::vector<Digest>& digests);
  void introduce(NodeId node, const Digest& digest, Roster& roster);
  void ask_holders_to_serve(NodeId joining, const LayerInfo& layer, Roster& roster);
  void tell_to_wait(const Digest& digest);
  void refuse(NodeId node, const Digest& digest, const Refusal& refusal);
  bool may_go(const Digest& digest) const;
  void ban(const Accused& accused);
  bool is_banned(NodeId node) const;
  void refresh_bans();
  void remove_member(NodeId node, const Digest& digest);
  void remove_everywhere(NodeId node);
  void send(NodeId node, const control::TrackerMessage& message);
  std::map<NodeId, Member> members_of(const Digest& digest);  // a copy: answering them changes the roster

  Options options_;
  control::Endpoint own_small_layers_{"", 0, "tracker", false};  // host: the control connection's own
  CoordinatorMetrics& metrics_;
  Clock& clock_;
  const Keys& keys_;
  Directory directory_;
  FanOut fan_out_;
  Blames blames_;
  std::set<std::string> distrusted_;  // nodes whose whole layers were wrong: their bytes are not read again
  std::mt19937 random_;
  Seeder seeder_;
  Resolver resolver_;
  std::map<NodeId, AgentLink*> links_;
};

}  // namespace shoal::tracker
