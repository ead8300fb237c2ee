// SwarmState: this node's state in one swarm, which Member, PieceReceiver and PieceSender work on.
//
// Threads: the swarm thread.
#pragma once

#include <functional>
#include <map>

#include "shared/swarm/member/neighbour.hpp"
#include "shared/swarm/member/node_state.hpp"
#include "shared/swarm/policy/policy.hpp"
#include "shared/swarm/member/proof_walk.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::swarm {

struct SwarmState {
  SwarmState(Membership m, NodeState& n, std::uint64_t our_identity, std::function<void(Event)> r)
      : membership(std::move(m)),
        node(n),
        report(std::move(r)),
        policy(membership.role, membership.have, our_identity, membership.is_window),
        proof(std::move(membership.unproven)) {}

  PieceLayout layout() const { return membership.hashes.layout(); }
  bool is_banned(const Neighbour& peer, Time now) const { return node.bans.banned(peer.identity, now); }
  // Ends the swarm here: nothing is sent, taken or reported after it.
  void fail(Error error) {
    if (has_failed) return;
    has_failed = true;
    report(Failed{std::move(error)});
  }

  Membership membership;
  NodeState& node;
  std::function<void(Event)> report;
  Policy policy;
  ProofWalk proof;
  std::map<PeerId, Neighbour> neighbours;
  bool has_failed = false;
};

}  // namespace shoal::swarm
