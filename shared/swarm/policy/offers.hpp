// Offers: which of our pieces each peer is told of, and when.
//
// Pure; time is given. Threads: one owner.
#pragma once

#include "shared/swarm/policy/peer_table.hpp"

namespace shoal::swarm {

// Offers to one peer are batched: each alone took 1.4 % of the uplink of twelve agents.
inline constexpr Milliseconds offer_interval{10};
// A seeder waits for the acknowledgements of its own pushes alone, which go at once. With the others too 48 agents took
// 2.4 % of its uplink for TCP's acknowledgements.
inline constexpr Milliseconds offer_interval_to_seeder{1000};

// A newcomer is told of the pieces that its greeting did not show.
void queue_offers(Peer& newcomer, const PieceSet& shown_before, const PieceSet& shown_now);
// A piece that became ours: told to peers that lack it, and to a seeder, which counts on the acknowledgement.
void queue_offers(PeerTable& peers, PieceIndex piece);
void decide_offers(PeerTable& peers, Time now, std::vector<Action>& actions);

}  // namespace shoal::swarm
