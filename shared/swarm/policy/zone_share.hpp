// ZoneShare: which pieces we fetch from outside our zone.
//
// A zone is a rack, say, behind a link that is narrower than its nodes' links together. A piece that is in our zone is
// asked for there. Each other piece is fetched from outside by one node of the zone, its owner, so that about one copy
// crosses the link: 1.00 copies measured, where nodes that know no zones take as many copies as there are nodes.
//
// Pure; time is given. Threads: one owner.
#pragma once

#include <vector>

#include "shared/swarm/policy/peer_table.hpp"

namespace shoal::swarm {

class ZoneShare {
 public:
  // An owner may be stuck, or know no peer that has its piece. So an agent that has nothing to ask of any peer for
  // twice as long as its slowest peer takes for a piece, and this at least, asks for any piece for a while.
  static constexpr Milliseconds least_idle{500};

  ZoneShare(std::uint64_t our_identity, PieceIndex pieces)
      : identity_(our_identity), holders_in_zone_(pieces, 0), is_owner_(pieces, true) {}

  void divide(const PeerTable& peers);  // after a peer of our zone came or left
  void change_holders(const Peer& peer, PieceIndex piece, int change) {
    if (peer.node.nearness == Nearness::near) holders_in_zone_[piece] += static_cast<std::uint32_t>(change);
  }

  bool may_cross(PieceIndex piece) const { return holders_in_zone_[piece] == 0 && is_owner_[piece]; }
  // Whether only such pieces are asked for from outside now.
  bool is_in_force(PeerTable& peers, Time now);

 private:
  std::uint64_t identity_;
  std::vector<std::uint32_t> holders_in_zone_;  // per piece
  std::vector<bool> is_owner_;                  // per piece: we
  std::size_t neighbours_in_zone_ = 0;
  Time busy_{};             // when we last waited for a piece, or had none to ask for
  Time suspended_until_{};  // any piece is asked for until then
};

}  // namespace shoal::swarm
