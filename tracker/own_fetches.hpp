// OwnFetches: layers that the origin refuses the tracker, and that agents may read with their callers' own credentials,
// which the tracker does not see. One agent is told to fetch the layer (Reason::own_fetch); the others wait until it
// holds the layer, so that the origin sends one copy. When it fails, two others are let in, then four: callers that are
// all refused do not wait for each other for long. Each source of a layer (registry, repository) has a queue of its own: no
// caller waits for another's registry.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <map>

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/metrics/metrics.hpp"
#include "tracker/agent_links.hpp"

namespace shoal::tracker {

struct WaitingJoin {
  NodeId node;
  control::Join join;
};

class OwnFetches {
 public:
  static constexpr Milliseconds longest = control::timing::own_fetch;  // then the next agent is let in too
  static constexpr std::size_t most_layers = 4'096;  // at their sources: a hundred images; beyond, agents fetch as they like
  static constexpr std::size_t most_at_once = 64;    // of one layer

  OwnFetches(Clock& clock, AgentLinks& links, metrics::Counter& begun) : clock_(clock), links_(links), begun_(begun) {}

  // A join of a layer that an agent is fetching from the same source. True when it waits for that agent.
  bool wait(NodeId node, const control::Join& join);
  // A join that the origin's refusal answers, of the tracker's question. True when the agent was let in or waits: its
  // caller has a credential, and may read what the tracker may not.
  bool take(NodeId node, const control::Join& join, const control::OriginAnswer& refusal);

  // Whether this agent was let in to fetch the layer at this registry, and has not failed.
  bool is_fetching(NodeId node, const Digest& digest, const std::string& upstream) const;

  // Layers that some node holds by now: the joins that waited for them, to be asked again.
  std::vector<WaitingJoin> held(const std::vector<Digest>& digests);
  void failed(NodeId node, const std::vector<Digest>& digests);  // it has not fetched them
  void leave(NodeId node, const Digest& digest);                 // it waits no more; a fetch goes on
  void remove(NodeId node);                                      // the agent is gone
  void tick();  // each second: lets the next ones in, tells the others to wait

 private:
  struct Fetch {
    std::map<NodeId, Time> fetching;  // since
    std::size_t width = 1;            // at once
    control::OriginAnswer refusal;    // of the tracker's question
    std::deque<WaitingJoin> waiting;
  };
  struct Key {
    Digest digest;
    std::string upstream;
    std::string repository;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Fetches = std::map<Key, Fetch>;
  static Key key_of(const control::Join& join) { return {join.digest, join.source.upstream, join.source.repository}; }
  template <class Visit>
  void for_each(const Digest& digest, Visit visit);  // of its sources
  void let_in(const Digest& digest, Fetch& fetch);
  void fail(NodeId node, Fetch& fetch);
  void remove_ended();

  Clock& clock_;
  AgentLinks& links_;
  metrics::Counter& begun_;
  Fetches fetches_;
};

}  // namespace shoal::tracker
