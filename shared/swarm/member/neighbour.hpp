// Neighbour: one peer of a swarm, from its connection to its end.
//
// Threads: the swarm thread.
#pragma once

#include "shared/layer/piece_set.hpp"
#include "shared/swarm/identity.hpp"
#include "shared/swarm/member/inbox.hpp"
#include "shared/swarm/member/link.hpp"
#include "shared/swarm/member/outbox.hpp"

namespace shoal::swarm {

struct Neighbour {
  Link* link = nullptr;
  PieceSet shown;  // what our hello said
  bool has_hello = false;
  Identity identity;  // what is banned
  bool is_seeder = false;
  PieceSet knows_hash;
  int bad_batches = 0;  // of hashes
  Inbox inbox;
  Outbox outbox;
  std::size_t counted_unsent = 0;  // in NodeState
};

inline void send(Neighbour& peer, const Message& message) {
  Bytes frame = encode_frame(message);
  peer.link->send(frame);
}

}  // namespace shoal::swarm
