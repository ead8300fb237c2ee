// PieceSender: pieces and their hashes on their way out to the peers of one swarm.
//
// Threads: the swarm thread.
#pragma once

#include "shared/swarm/member/swarm_state.hpp"

namespace shoal::swarm {

class PieceSender {
 public:
  explicit PieceSender(SwarmState& swarm) : swarm_(swarm) {}

  // The batch that holds the piece's hash, unless the peer knows it.
  void send_hashes(Neighbour& peer, PieceIndex piece);
  void send_piece(Neighbour& peer, PieceIndex piece, bool pushed);
  void send_asked(Neighbour& peer);  // as much as the connection may hold
  // Unsent bytes of the link, which the node counts over all its peers.
  std::size_t count_unsent(Neighbour& peer);
  void stop_counting(Neighbour& peer) { swarm_.node.unsent_bytes -= std::exchange(peer.counted_unsent, 0); }

 private:
  SwarmState& swarm_;
};

}  // namespace shoal::swarm
