// Directory: the registered agents, the layers that they hold, and the members of each swarm. Pure logic: no sockets,
// time is given.
//
// An agent is its node name and the address where its swarm listens: a second hello of both replaces the first, and so
// does one of the name alone when the first has no connection (the node moved). Of two agents that are connected under
// one name both stay: a name that was copied with a configuration must not make each remove the other. After its
// connection dropped an agent is still named to others for 15 s, so that a short break of the tracker's network costs
// no swarm its members. Threads: the loop.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/control/messages.hpp"
#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "tracker/directory/held_layers.hpp"
#include "tracker/directory/peer_host.hpp"
#include "tracker/directory/roster.hpp"

namespace shoal::tracker::directory {

struct Agent {
  NodeId id = 0;
  std::string node;
  std::string zone;
  std::uint64_t epoch = 0;
  PeerHost host;                   // where its swarm listens
  control::Endpoint swarm;         // with the host filled in, as others are told it
  control::Endpoint small_layers;  // likewise; port 0: serves none
  std::uint32_t connection = 0;    // number of its latest connection, from 1; what an earlier one carried may be lost
  std::optional<Time> dropped_at;  // no connection since
  bool is_banned = false;  // no agent is sent to it, nor it to others
  std::string source{};      // the other end of its connection, which it cannot choose
  bool is_dialable = false;  // the tracker may try its ports: of the source's family, loopback only from loopback

  bool is_connected() const { return !dropped_at; }
};

class Directory {
 public:
  static constexpr Milliseconds keep_after_drop = control::timing::keep_after_drop;

  explicit Directory(std::mt19937 random) : random_(random) {}

  struct Arrival {
    NodeId id;
    bool restarted;                    // another process than before under this name: it is in no swarm any more
    std::optional<NodeId> duplicate_name{};  // another agent that is connected under the same name
  };
  // `refused` for a name, version or address that others cannot use. `source`: the connection's other end.
  Result<Arrival> arrive(const control::Hello& hello, const std::string& source);
  void drop(NodeId id, Time now);
  std::vector<NodeId> expired(Time now) const;  // agents whose time after a drop is up
  void remove(NodeId id);                       // after it was removed from its swarms

  void set_banned(NodeId id, bool banned) { agents_.at(id).is_banned = banned; }

  const Agent* find(NodeId id) const;
  const std::map<NodeId, Agent>& agents() const { return agents_; }
  bool can_reach(NodeId from, NodeId to) const;

  void hold(NodeId id, const std::vector<Digest>& digests);
  void lose(NodeId id, const std::vector<Digest>& digests) { held_.remove(id, digests); }
  // Agents that hold the layer and that `asking` can reach, each time from the next one on, at most `limit`. `may` leaves
  // out further ones, here and below.
  static constexpr std::size_t looked_at = 128;  // forty sick holders hide no other; bounds the cost of an answer
  using May = std::function<bool(NodeId)>;
  std::vector<NodeId> holders(const Digest& digest, NodeId asking, std::size_t limit, const May& may = {});
  const HeldLayers& held_layers() const { return held_; }

  Roster& swarm(const Digest& digest) { return swarms_[digest]; }  // made when there is none
  Roster* find_swarm(const Digest& digest);
  const Roster* find_swarm(const Digest& digest) const;
  const std::map<Digest, Roster>& swarms() const { return swarms_; }
  Roster take_swarm(const Digest& digest);  // out of the directory; empty when there is none
  void remove_swarm(const Digest& digest) { swarms_.erase(digest); }
  std::vector<Digest> swarms_of(NodeId id) const;  // those that it was asked to serve included

  // The members that a ready member is to dial: a newcomer's new neighbours. For a member that has come back: all its
  // neighbours, those that dialled it included, since the message that named one to the other may be lost.
  std::vector<control::Endpoint> neighbours_for(Roster& roster, NodeId member, const May& may = {});
  std::vector<control::Endpoint> repair(Roster& roster, NodeId member, const May& may = {});

 private:
  std::vector<control::Endpoint> endpoints(const std::vector<NodeId>& nodes) const;
  std::optional<NodeId> known_as(const std::string& node, const control::Endpoint& swarm) const;
  std::optional<NodeId> duplicate_of(const Agent& agent) const;

  std::mt19937 random_;
  NodeId next_id_ = 1;
  std::map<NodeId, Agent> agents_;
  std::unordered_multimap<std::string, NodeId> by_name_;
  HeldLayers held_;
  std::map<Digest, Roster> swarms_;
};

}  // namespace shoal::tracker::directory
