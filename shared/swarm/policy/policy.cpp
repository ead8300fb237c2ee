#include "shared/swarm/policy/policy.hpp"

#include "shared/swarm/policy/offers.hpp"

namespace shoal::swarm {
namespace {

void divide(ZoneShare& zone, PeerTable& peers) {
  zone.divide(peers);
  peers.reset_candidates();
}

}  // namespace

Policy::Policy(Role role, PieceSet have, std::uint64_t identity, bool is_window)
    : peers_(std::move(have)),
      zone_(identity, peers_.pieces()),
      fetch_(peers_, patience_, zone_, identity),
      offers_(!is_window || role == Role::seed) {
  if (role == Role::seed) push_.emplace(peers_, patience_, is_window);
  if (!offers_) fetch_.want_up_to(0);
}

PieceSet Policy::shown() const {
  const bool shows_none = !offers_ || (push_ && !push_->is_serving());
  return shows_none ? PieceSet(peers_.pieces()) : peers_.have();
}

void Policy::peer_came(PeerId id, const NewPeer& newcomer, const PieceSet& shown_before, Time now) {
  Peer& peer = peers_.add(id, newcomer);
  peer.reliability.heard = now;
  peer.reliability.is_lagging = newcomer.is_lagging;
  if (newcomer.is_lagging) peer.reliability.avoided_until = now + Patience::lagging_start;
  queue_offers(peer, shown_before, shown());
  if (newcomer.nearness == Nearness::near) divide(zone_, peers_);
}

void Policy::peer_takes_only(PeerId id) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr || std::exchange(peer->node.takes_only, true) || !push_) return;
  push_->take_back(*peer);
  queue_offers(*peer, PieceSet(peers_.pieces()), peers_.have());
}

void Policy::peer_left(PeerId id) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr) return;
  fetch_.drop_all(*peer);
  if (push_) push_->take_back(*peer);
  for (PieceIndex piece = 0; piece < peer->has.size(); ++piece) {
    if (peer->has.has(piece)) change_holders(*peer, piece, -1);
  }
  const bool was_near = peer->node.nearness == Nearness::near;
  peers_.remove(id);
  if (was_near) divide(zone_, peers_);
  if (push_) push_->peer_left();
}

void Policy::peer_offers(PeerId id, PieceRange range, Time now) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr) return;
  if (push_) Patience::note_whole_piece(peer->reliability, now);
  for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) {
    if (push_) push_->acknowledge(*peer, piece, now);
    if (peer->has.add(piece)) change_holders(*peer, piece, 1);
  }
  peer->asks.no_candidate = false;
}

void Policy::change_holders(const Peer& peer, PieceIndex piece, int change) {
  peers_.change_holders(piece, change);
  zone_.change_holders(peer, piece, change);
  if (push_) push_->holders_changed(piece);
}

Arrival Policy::piece_begins(PeerId id, PieceIndex piece, Time now) {
  Peer* peer = peers_.find(id);
  return peer == nullptr ? Arrival::unasked : fetch_.begin(*peer, piece, now);
}

void Policy::bytes_flow(PeerId id, Time now) {
  if (Peer* peer = peers_.find(id)) peer->reliability.heard = now;
}

void Policy::piece_verified(PeerId id, PieceIndex piece, Time now) {
  Peer* peer = peers_.find(id);
  if (peer != nullptr) {
    fetch_.note_delivery(*peer, piece, now);
    peer->offers.at_once |= peer->node.is_seeder;
  }
  hold(piece);
  if (peer != nullptr) fetch_.drop(*peer, piece);
}

void Policy::piece_bad(PeerId id, PieceIndex piece) {
  if (Peer* peer = peers_.find(id)) ++peer->reliability.bad_pieces;
  piece_lost(id, piece);
}

// As if the peer had never offered it.
void Policy::piece_lost(PeerId id, PieceIndex piece) {
  Peer* peer = peers_.find(id);
  if (peer == nullptr) return;
  if (peer->has.has(piece)) {
    peer->has.remove(piece);
    change_holders(*peer, piece, -1);
  }
  fetch_.drop(*peer, piece);
}

void Policy::piece_unproven(PeerId id, PieceIndex piece, Time now) {
  if (Peer* peer = peers_.find(id)) fetch_.drop_unproven(*peer, piece, now);
}

void Policy::withhold(PieceIndex piece) {
  fetch_.withhold(piece);
}

void Policy::in_file(PieceIndex piece) {
  if (have().has(piece)) return;
  if (push_) {
    peers_.add_ours(piece);
    push_->queue(piece);
    for (auto& [id, peer] : peers_) {
      if (peer.node.takes_only) peer.offers.pieces.push_back(piece);
    }
  } else {
    hold(piece);
    for (auto& [id, peer] : peers_) peer.offers.at_once |= peer.node.is_seeder;  // it may be about to push it
  }
}

void Policy::hold(PieceIndex piece) {
  if (peers_.add_ours(piece) && offers_) queue_offers(peers_, piece);
}

bool Policy::is_quick(PeerId id) const {
  const Peer* peer = peers_.find(id);
  return peer == nullptr || Patience::is_quick(peer->reliability);
}

std::vector<Action> Policy::decide(Time now) {
  std::vector<Action> actions;
  if (push_) {
    push_->decide(now, actions);
  } else {
    fetch_.decide(now, actions);
  }
  decide_offers(peers_, now, actions);
  return actions;
}

}  // namespace shoal::swarm
