#include "shared/swarm/policy.hpp"

#include <algorithm>

#include "shared/core/check.hpp"

namespace shoal::swarm {

std::vector<PieceRange> ranges_of(std::vector<PieceIndex> pieces) {
  std::sort(pieces.begin(), pieces.end());
  std::vector<PieceRange> ranges;
  for (const PieceIndex piece : pieces) {
    if (!ranges.empty() && piece < ranges.back().first + ranges.back().count) continue;  // twice
    if (!ranges.empty() && piece == ranges.back().first + ranges.back().count) {
      ++ranges.back().count;
    } else {
      ranges.push_back({piece, 1});
    }
  }
  return ranges;
}

Policy::Policy(Role role, PieceSet have, std::uint64_t identity, PolicyLimits limits)
    : role_(role),
      have_(std::move(have)),
      identity_(identity),
      limits_(limits),
      availability_(have_.size(), 0),
      near_(have_.size(), 0),
      ours_(have_.size(), true),
      expected_(have_.size(), 0),
      pushed_(have_.size(), 0) {
  if (role_ != Role::seed) return;
  for (PieceIndex piece = 0; piece < have_.size(); ++piece) {
    if (have_.has(piece)) to_push_.insert(piece);
  }
}

PieceSet Policy::shown() const {
  return role_ == Role::seed && !serving_ ? PieceSet(have_.size()) : have_;
}

Policy::Peer* Policy::find(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

void Policy::peer_came(PeerId id, const Newcomer& newcomer, const PieceSet& shown_before, Time now) {
  Peer& peer = peers_[id];
  peer = Peer{};
  peer.is_seeder = newcomer.is_seeder;
  peer.nearness = newcomer.nearness;
  peer.identity = newcomer.identity;
  peer.has = PieceSet(have_.size());
  peer.heard = now;
  const PieceSet showing = shown();
  for (PieceIndex piece = 0; piece < have_.size(); ++piece) {
    if (showing.has(piece) && !shown_before.has(piece)) peer.to_offer.push_back(piece);
  }
  if (peer.nearness == Nearness::near) share_out_zone();
}

void Policy::peer_left(PeerId id) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  while (!peer->asked.empty()) drop_ask(*peer, peer->asked.back().piece);
  take_back(*peer);
  for (PieceIndex piece = 0; piece < peer->has.size(); ++piece) {
    if (peer->has.has(piece)) available(piece, *peer, -1);
  }
  const bool near = peer->nearness == Nearness::near;
  peers_.erase(id);
  if (near) share_out_zone();
  if (!peers_.empty() || !serving_) return;
  serving_ = false;  // the last one is gone: who comes next finds a fresh swarm
  claimed_.clear();
  for (PieceIndex piece = 0; piece < have_.size(); ++piece) to_push_.insert(piece);
}

void Policy::peer_offers(PeerId id, PieceRange range, Time now) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  if (role_ == Role::seed) delivered(*peer, now);
  for (PieceIndex piece = range.first; piece < range.first + range.count; ++piece) {
    acknowledged(*peer, piece, now);
    if (peer->has.add(piece)) available(piece, *peer, 1);
  }
  peer->nothing_useful = false;
}

void Policy::available(PieceIndex piece, const Peer& peer, int change) {
  availability_[piece] += static_cast<std::uint32_t>(change);
  if (peer.nearness == Nearness::near) near_[piece] += static_cast<std::uint32_t>(change);
  if (role_ != Role::seed || serving_) return;
  if (availability_[piece] != 0) {
    if (to_push_.erase(piece) > 0) claimed_.insert(piece);
  } else if (have_.has(piece) && !pushing(piece)) {
    claimed_.erase(piece);
    to_push_.insert(piece);  // whoever had it is gone
  }
}

void Policy::keep_back(PieceIndex piece) {
  ++expected_[piece];
}

void Policy::in_file(PieceIndex piece) {
  if (have_.has(piece)) return;
  if (role_ == Role::seed) {
    have_.add(piece);
    (availability_[piece] == 0 ? to_push_ : claimed_).insert(piece);
  } else {
    hold(piece);
    for (auto& [id, peer] : peers_) peer.offer_now |= peer.is_seeder;  // it may be about to push it
  }
}

// Ours: offered to everybody who lacks it, and to a seeder, which counts on hearing.
void Policy::hold(PieceIndex piece) {
  if (!have_.add(piece)) return;
  for (auto& [id, peer] : peers_) {
    if (peer.is_seeder || !peer.has.has(piece)) peer.to_offer.push_back(piece);
  }
}

// By what is usual with the peer itself, unless that is far from what others do.
Milliseconds Policy::patience(const Peer& peer) const {
  const Milliseconds usual = peer.usual.count() > 0 ? std::min(peer.usual, usual_ * limits_.slow_factor) : usual_;
  return std::max(limits_.patience, usual * limits_.patience_factor);
}

bool Policy::is_slow(const Peer& peer) const {
  return peer.usual > std::max(limits_.hedge_least, usual_ * limits_.slow_factor);
}

bool Policy::is_quick(PeerId id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() || found->second.usual < limits_.quick;
}

void Policy::delivered(Peer& peer, Time now) {
  peer.heard = now;
  peer.shunned_until = Time{};
  peer.silences = 0;
}

void Policy::shun(Peer& peer, Time now) {
  peer.silences = std::min(peer.silences + 1, 5);  // a silent peer is tried again after 2, 4, ... 32 times our patience
  peer.shunned_until = now + patience(peer) * (1 << peer.silences);
}

void Policy::measured(Peer& peer, Time since, Time now) {
  // Less than the unit is not "never".
  const Milliseconds took = std::max(Milliseconds(1), std::chrono::duration_cast<Milliseconds>(now - since));
  peer.usual = peer.usual.count() == 0 ? took : (peer.usual * 3 + took) / 4;
  // One that trickles does not make it usual.
  usual_ = usual_.count() == 0 ? took : (usual_ * 7 + std::min(took, usual_ * 2 + Milliseconds(8))) / 8;
}

void Policy::decide_offers(Time now, std::vector<Action>& actions) {
  for (auto& [id, peer] : peers_) {
    if (peer.to_offer.empty()) continue;
    const Milliseconds apart = peer.is_seeder ? limits_.offer_interval_to_seeder : limits_.offer_interval;
    if (!peer.offer_now && now < peer.offered + apart) continue;
    actions.push_back(Offer{id, ranges_of(std::move(peer.to_offer))});
    peer.to_offer.clear();
    peer.offered = now;
    peer.offer_now = false;
  }
}

std::vector<Action> Policy::decide(Time now) {
  std::vector<Action> actions;
  if (role_ == Role::seed) {
    expire_pushes(now);
    decide_pushes(now, actions);
  } else {
    expire_asks(now);
    decide_asks(now, actions);
  }
  decide_offers(now, actions);
  return actions;
}

}  // namespace shoal::swarm
