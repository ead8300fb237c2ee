// Hedging: a piece that one peer owes for too long is asked of a second peer that has nothing else to do. A peer that
// trickles delays no reader, at the cost of one duplicate at most.
//
// Pure; time is given. Threads: one owner.
#pragma once

#include <optional>

#include "shared/swarm/policy/peer_table.hpp"

namespace shoal::swarm {

// An owed piece is asked of a second peer after that often the time that pieces usually take, and after this at least:
// sooner, pieces that are only a little late would come twice.
inline constexpr int hedge_times = 4;
inline constexpr Milliseconds hedge_least{250};
Milliseconds hedge_after(const Patience& patience);
// The seeder, or a peer in another zone, serves many: it is asked after half of our patience. Sooner when it takes so
// little for a piece that its link is not full: after so many times that.
inline constexpr int hedge_quick_times = 16;

// Of the pieces that the idle peer has and we lack, the one that a single other peer has owed for longest, and for too
// long. `expected`: for each piece, the peers that owe it.
std::optional<PieceIndex> piece_to_hedge(const Peer& idle, const PeerTable& peers,
                                         const std::vector<std::uint8_t>& expected, Milliseconds after, Time now);

}  // namespace shoal::swarm
