// Joins: answers the joins of agents, and tells the members of each swarm what they must know.
//
// A join goes to the seeder. Once the layer is known the agent is told the seeder's address (Joined). Once the agent
// listens under the swarm's name (its first Progress) it is told its neighbours (Peers), and later members are told of
// it. A small layer has no swarm: Joined names the nodes that serve it.
// Threads: the loop.
#pragma once

#include "shared/core/clock.hpp"
#include "shared/metrics/metrics.hpp"
#include "tracker/agent_links.hpp"
#include "tracker/directory/small_sources.hpp"
#include "tracker/known_layers.hpp"
#include "tracker/own_fetches.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker {

struct JoinMetrics {
  metrics::Counter joins;
  metrics::Counter refused_joins;
  metrics::Counter own_fetches;  // layers left to one agent with its caller's credential
};

class Joins {
 public:
  struct Parts {
    Clock& clock;
    directory::Directory& directory;
    const directory::Reachability& reachability;
    directory::SmallSources& small_sources;
    seeder::Seeder& seeder;
    AgentLinks& links;
    OwnFetches& own_fetches;
    KnownLayers& known;
    JoinMetrics& metrics;
  };
  // `seeder_endpoint`: as agents are told it; the host is empty unless advertised.
  Joins(Parts parts, control::Endpoint seeder_endpoint)
      : parts_(parts), seeder_endpoint_(std::move(seeder_endpoint)) {}

  void join(NodeId node, const control::Join& join);
  void request(NodeId node, const control::Join& join);  // of a join that waited
  void note_progress(NodeId node, const control::Progress& progress);
  void leave(NodeId node, const Digest& digest);
  void leave_all(NodeId node);
  // `node` could not be dialled by `by`, which is its neighbour: perhaps it can dial.
  void dial_back(NodeId node, NodeId by, const Digest& digest);

  void tick();  // each second: leaves idle swarms, tells agents to wait
  // Whether the store may evict a layer: not while a member of its swarm needs pieces, or the hashes that we signed.
  bool may_evict(const Digest& digest) const;
  bool needs_pieces(const Digest& digest) const;  // a member of its swarm

  void on(const seeder::LayerKnown& event);
  void on(const seeder::LayerRestarted& event);
  void on(const seeder::LayerFinished& event);
  void on(const seeder::LayerRefused& event);
  void on(const seeder::SourceRefused& event);

 private:
  void answer(NodeId node, const seeder::LayerInfo& layer);
  void answer_with_swarm(NodeId node, const seeder::LayerInfo& layer, control::Joined joined);
  void answer_with_sources(NodeId node, const seeder::LayerInfo& layer, control::Joined joined);
  void refuse(NodeId node, const control::Join& join, const seeder::Refusal& refusal);
  void refuse_or_let_fetch(NodeId node, const control::Join& join, const seeder::Refusal& refusal);
  void introduce(NodeId node, const Digest& digest, directory::Roster& roster);
  void ask_holders_to_serve(NodeId member, const Digest& digest, directory::Roster& roster, NodeId left = 0);
  void tell_to_wait(const seeder::WaitingLayer& layer);
  directory::Directory::May may_dial(NodeId member) const;
  void let_unreachable_dial(NodeId newcomer, const Digest& digest, directory::Roster& roster);

  Parts parts_;
  control::Endpoint seeder_endpoint_;
};

}  // namespace shoal::tracker
