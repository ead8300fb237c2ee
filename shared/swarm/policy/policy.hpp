// Policy: which piece goes where in one swarm. Pure: no network, no clock of its own, no randomness; its owner tells it
// what happened and carries out what `decide` answers.
//
// Source: a scheme that was measured at 1.087 x size/rate for 12 nodes. The seeder pushes each piece once
// (push_policy.hpp), agents fetch the pieces from each other (fetch_policy.hpp) and tell each other what they have
// (offers.hpp). This class is the front: it keeps the table of peers and tells each rule what happened.
//
// Threads: one owner.
#pragma once

#include <optional>

#include "shared/swarm/policy/fetch_policy.hpp"
#include "shared/swarm/policy/push_policy.hpp"
#include "shared/swarm/role.hpp"

namespace shoal::swarm {

class Policy {
 public:
  // `identity` is ours, as the peers in our zone know it; it also spreads what several fetchers ask of one complete
  // holder.
  // `is_window`: as Membership::is_window.
  Policy(Role role, PieceSet have, std::uint64_t identity, bool is_window = false);
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  // What a newcomer is told of our pieces before anything else: all, or for a pushing seeder none.
  PieceSet shown() const;
  // `shown_before`: what `shown` was when that peer was told.
  void peer_came(PeerId id, const NewPeer& newcomer, const PieceSet& shown_before, Time now);
  void peer_takes_only(PeerId id);  // it keeps no piece
  void peer_left(PeerId id);
  // Acknowledges a push as well. The range lies within the layer.
  void peer_offers(PeerId id, PieceRange range, Time now);

  // The first bytes of a piece, whether asked for or pushed. Only a seeder may send a piece that was not asked for.
  Arrival piece_begins(PeerId id, PieceIndex piece, Time now);
  void bytes_flow(PeerId id, Time now);  // more of a piece came from, or left for, this peer: it is not stuck
  void piece_verified(PeerId id, PieceIndex piece, Time now);
  void piece_bad(PeerId id, PieceIndex piece);                 // its hash did not match
  void piece_lost(PeerId id, PieceIndex piece);                // refused by the peer
  void piece_unproven(PeerId id, PieceIndex piece, Time now);  // dropped, its hash did not come: asked again later
  void withhold(PieceIndex piece);  // in the file, but not proven: neither asked for nor shown before `in_file`
  void in_file(PieceIndex piece);   // ours now, from outside the swarm

  std::vector<Action> decide(Time now);
  void want_up_to(PieceIndex end) { fetch_.want_up_to(end); }
  void want_first(std::vector<PieceIndex> pieces) { fetch_.want_first(std::move(pieces)); }
  // Peers that turned out to lag since the last call.
  std::vector<PeerId> take_lagging() { return fetch_.take_lagging(); }
  // Pieces that a seeder dropped since the last call.
  std::vector<PieceIndex> take_released() { return push_ ? push_->take_released() : std::vector<PieceIndex>(); }

  bool is_quick(PeerId id) const;  // or not known yet

  const PieceSet& have() const { return peers_.have(); }
  std::size_t peers() const { return peers_.size(); }
  // Pieces that were asked for or pushed and not delivered in time.
  std::uint64_t reassigned() const { return fetch_.reassigned() + (push_ ? push_->reassigned() : 0); }

 private:
  void hold(PieceIndex piece);
  void change_holders(const Peer& peer, PieceIndex piece, int change);

  PeerTable peers_;
  Patience patience_;
  ZoneShare zone_;
  FetchPolicy fetch_;
  std::optional<PushPolicy> push_;  // a seeder's
  bool offers_;                     // what we have; false for a fetcher whose file is a window
};

}  // namespace shoal::swarm
