#include "shared/swarm/policy/zone_share.hpp"

#include <algorithm>

#include "shared/swarm/policy/mix.hpp"

namespace shoal::swarm {

// The owner of a piece is the node whose identity and the piece hash highest together: all nodes agree without a
// message, and when a node leaves only its own pieces change their owner.
void ZoneShare::divide(const PeerTable& peers) {
  std::vector<std::uint64_t> others;
  for (const auto& [id, peer] : peers) {
    if (peer.node.nearness == Nearness::near) others.push_back(peer.node.identity);
  }
  neighbours_in_zone_ = others.size();
  for (PieceIndex piece = 0; piece < peers.pieces(); ++piece) {
    const auto rank = [piece](std::uint64_t identity) { return mix(identity ^ mix(piece + 1)); };
    is_owner_[piece] =
        std::none_of(others.begin(), others.end(), [&](std::uint64_t other) { return rank(other) > rank(identity_); });
  }
}

bool ZoneShare::is_in_force(PeerTable& peers, Time now) {
  if (neighbours_in_zone_ == 0) return false;
  Milliseconds slowest{0};
  bool is_waiting = false;
  bool is_deferring = false;
  for (const auto& [id, peer] : peers) {
    is_waiting |= !peer.asks.owed.empty();
    is_deferring |= peer.asks.deferred_to_zone_owner;
    slowest = std::max(slowest, peer.reliability.usual);
  }
  if (is_waiting || !is_deferring) busy_ = now;
  if (now < suspended_until_) return false;
  if (now <= busy_ + std::max(least_idle, slowest * 2)) return true;
  suspended_until_ = now + Patience::least;
  peers.reset_candidates();
  return false;
}

}  // namespace shoal::swarm
