#include "shared/swarm/policy/hedging.hpp"

#include <algorithm>

namespace shoal::swarm {

Milliseconds hedge_after(const Patience& patience) {
  return patience.usual().count() > 0 ? std::max(hedge_least, patience.usual() * hedge_times) : Patience::least / 2;
}

namespace {

Milliseconds hedge_after_at(const Peer& idle, Milliseconds after) {
  const bool is_costly = idle.node.is_seeder || idle.node.nearness == Nearness::far;
  if (!is_costly) return after;
  const Milliseconds usual = idle.reliability.usual;
  const Milliseconds least = usual.count() > 0 ? std::min(usual * hedge_quick_times, Patience::least / 2) : Patience::least / 2;
  return std::max(after, least);
}

}  // namespace

std::optional<PieceIndex> piece_to_hedge(const Peer& idle, const PeerTable& peers,
                                         const std::vector<std::uint8_t>& expected, Milliseconds after, Time now) {
  const Milliseconds least = hedge_after_at(idle, after);
  const Outstanding* longest = nullptr;
  for (const auto& [id, other] : peers) {
    for (const Outstanding& owed : other.asks.owed) {
      const bool is_late = now > owed.since + least;
      const bool is_missing = !peers.have().has(owed.piece) && expected[owed.piece] == 1;
      const bool is_candidate = is_late && is_missing && idle.has.has(owed.piece);
      if (is_candidate && (longest == nullptr || owed.since < longest->since)) longest = &owed;
    }
  }
  return longest == nullptr ? std::nullopt : std::optional(longest->piece);
}

}  // namespace shoal::swarm
