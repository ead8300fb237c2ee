#include "shared/swarm/policy/fetch_policy.hpp"

#include <algorithm>

#include "shared/swarm/policy/hedging.hpp"
#include "shared/swarm/policy/rank.hpp"

namespace shoal::swarm {
namespace {

// Whether others fetch from this complete peer too: then all of them begin at different pieces.
bool is_shared(const Peer& peer, const PeerTable& peers) {
  const auto is_fetching = [](const auto& entry) {
    return !entry.second.node.is_seeder && !entry.second.has.complete();
  };
  return peer.has.complete() && std::any_of(peers.begin(), peers.end(), is_fetching);
}

}  // namespace

void FetchPolicy::want_up_to(PieceIndex end) {
  wanted_end_ = std::min(end, peers_.pieces());
  peers_.reset_candidates();
}

bool FetchPolicy::drop(Peer& peer, PieceIndex piece) {
  const auto found = find_piece(peer.asks.owed, piece);
  if (found == peer.asks.owed.end()) return false;
  peer.asks.owed.erase(found);
  const bool is_free = --expected_[piece] == 0 && !peers_.have().has(piece);
  if (is_free) peers_.reset_candidates();  // other peers may be asked for it now
  return true;
}

void FetchPolicy::drop_all(Peer& peer) {
  while (!peer.asks.owed.empty()) drop(peer, peer.asks.owed.back().piece);
}

void FetchPolicy::drop_unproven(Peer& peer, PieceIndex piece, Time now) {
  drop(peer, piece);
  peer.reliability.avoided_until = now + Patience::least / 2;
}

Arrival FetchPolicy::begin(Peer& peer, PieceIndex piece, Time now) {
  peer.reliability.heard = now;
  const bool is_first = std::ranges::find(first_, piece) != first_.end();
  const bool is_unwanted = piece >= wanted_end_ && peer.node.is_seeder && !is_first;
  if (peers_.have().has(piece) || is_unwanted) {
    drop(peer, piece);
    Patience::note_whole_piece(peer.reliability, now);
    return Arrival::duplicate;
  }
  if (find_piece(peer.asks.owed, piece) != peer.asks.owed.end()) return Arrival::asked;
  const auto late = std::find(peer.asks.late.begin(), peer.asks.late.end(), piece);
  const bool is_late = late != peer.asks.late.end();
  if (!is_late && !peer.node.is_seeder) return Arrival::unasked;
  if (is_late) peer.asks.late.erase(late);
  peer.asks.owed.push_back({piece, now});
  ++expected_[piece];
  return Arrival::asked;
}

void FetchPolicy::note_delivery(Peer& peer, PieceIndex piece, Time now) {
  const auto found = find_piece(peer.asks.owed, piece);
  if (found != peer.asks.owed.end()) patience_.note_delivery(peer.reliability, found->since, now);
  Patience::note_whole_piece(peer.reliability, now);
}

// Each piece that a silent peer owes may be asked of others. If it still comes it is taken.
void FetchPolicy::reassign(Peer& peer, Time now) {
  patience_.note_silence(peer.reliability, now);
  while (!peer.asks.owed.empty()) {
    const PieceIndex piece = peer.asks.owed.back().piece;
    drop(peer, piece);
    if (peers_.have().has(piece)) continue;
    ++reassigned_;
    if (peer.asks.late.size() == most_late) peer.asks.late.erase(peer.asks.late.begin());
    peer.asks.late.push_back(piece);
  }
}

// The seeder serves all, and is slow for all at once.
void FetchPolicy::find_lagging(PeerId id, Peer& peer, Time now) {
  if (peer.reliability.is_lagging || peer.node.is_seeder) return;
  const Milliseconds far = patience_.lagging();
  const auto is_lost = [&](const Outstanding& owed) {
    return peers_.have().has(owed.piece) && now > owed.since + far;
  };
  if (peer.reliability.silences == 0 && std::none_of(peer.asks.owed.begin(), peer.asks.owed.end(), is_lost)) return;
  peer.reliability.is_lagging = true;
  lagging_.push_back(id);
}

void FetchPolicy::expire(Time now) {
  for (auto& [id, peer] : peers_) {
    const Milliseconds silence = patience_.with(peer.reliability);
    const Milliseconds trickle = silence * (patience_.usual().count() > 0 ? trickle_times : first_trickle_times);
    const Time heard = peer.reliability.heard;
    const auto is_overdue = [&](const Outstanding& owed) {
      return now > std::max(owed.since, heard) + silence || now > owed.since + trickle;
    };
    if (std::any_of(peer.asks.owed.begin(), peer.asks.owed.end(), is_overdue)) reassign(peer, now);
    find_lagging(id, peer, now);
  }
}

std::size_t FetchPolicy::most_owed(const Peer& peer) const {
  const auto offers = [](const auto& entry) { return entry.second.has.held() > 0; };
  const auto offering = static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), offers));
  // A peer that never delivered, or is slow, may keep one piece from us, not several.
  const bool is_known = peer.reliability.usual.count() > 0;
  if (offering > 1 && (!is_known || patience_.is_slow(peer.reliability))) return 1;
  const std::size_t share = most_asks / std::max<std::size_t>(1, offering);
  const std::size_t least = peer.node.is_seeder ? least_asks_at_seeder : 1;
  return std::clamp(share, least, most_asks_per_peer);
}

bool FetchPolicy::has_candidate(const Peer& peer) const {
  PieceIndex piece = peers_.have().first_missing();
  while (piece < wanted_end_ && !is_candidate(peer, piece)) ++piece;
  return piece < wanted_end_;
}

template <class RankOf>
std::optional<PieceIndex> FetchPolicy::lowest(const Peer& peer, bool anywhere, RankOf rank_of) const {
  const bool is_crossing = !anywhere && peer.node.nearness == Nearness::far;
  const PieceSet& have = peers_.have();
  std::optional<PieceIndex> choice;
  Rank lowest;
  for (PieceIndex piece = have.first_missing(); piece < wanted_end_; ++piece) {
    if (!is_candidate(peer, piece)) continue;
    if (is_crossing && !zone_.may_cross(piece)) continue;
    const Rank rank = rank_of(piece, peers_.holders(piece));
    if (choice && rank >= lowest) continue;
    choice = piece, lowest = rank;
    if (lowest.is_lowest) break;
  }
  return choice;
}

std::optional<PieceIndex> FetchPolicy::next_piece(const Peer& peer, bool anywhere) const {
  if (is_shared(peer, peers_)) {
    return lowest(peer, anywhere, [this, number = PieceIndex{0}](PieceIndex piece, std::uint32_t holders) mutable {
      return Rank::shared(piece, number++, holders, identity_);
    });
  }
  return lowest(peer, anywhere, [first = peers_.have().first_missing()](PieceIndex piece, std::uint32_t holders) {
    return Rank::in_order(piece, piece == first, holders);
  });
}

void FetchPolicy::ask_first_of(PeerId id, Peer& peer, Time now, std::vector<Action>& actions) {
  if (!peer.reliability.may_be_asked(now)) return;
  const std::size_t most = most_owed(peer) + more_asks_for_first;
  for (const PieceIndex piece : first_) {
    if (peer.asks.owed.size() >= most) return;
    if (is_candidate(peer, piece)) ask(id, peer, piece, now, actions);
  }
}

void FetchPolicy::ask_of(PeerId id, Peer& peer, bool anywhere, Time now, std::vector<Action>& actions) {
  if (peer.asks.no_candidate || !peer.reliability.may_be_asked(now)) return;
  const std::size_t most = most_owed(peer);
  while (peer.asks.owed.size() < most) {
    const std::optional<PieceIndex> piece = next_piece(peer, anywhere);
    peer.asks.no_candidate = !piece;
    peer.asks.deferred_to_zone_owner = !piece && !anywhere && has_candidate(peer);
    if (!piece) return;
    ask(id, peer, *piece, now, actions);
  }
}

// What only a peer that lags has must come from it.
void FetchPolicy::ask_lagging(bool anywhere, Time now, std::vector<Action>& actions) {
  const auto is_busy = [](const auto& entry) { return !entry.second.node.is_lagging && !entry.second.asks.owed.empty(); };
  if (std::any_of(peers_.begin(), peers_.end(), is_busy)) return;
  for (auto& [id, peer] : peers_) {
    if (!peer.node.is_lagging) continue;
    ask_first_of(id, peer, now, actions);
    ask_of(id, peer, anywhere, now, actions);
  }
}

void FetchPolicy::ask(PeerId id, Peer& peer, PieceIndex piece, Time now, std::vector<Action>& actions) {
  peer.asks.owed.push_back({piece, now});
  ++expected_[piece];
  actions.push_back(Ask{id, piece});
}

void FetchPolicy::hedge(Time now, std::vector<Action>& actions) {
  const Milliseconds after = hedge_after(patience_);
  for (auto& [id, peer] : peers_) {
    if (!peer.asks.owed.empty() || !peer.asks.no_candidate || !peer.reliability.may_be_asked(now)) continue;
    const std::optional<PieceIndex> piece = piece_to_hedge(peer, peers_, expected_, after, now);
    if (piece) ask(id, peer, *piece, now, actions);
  }
}

// The seeder last, and only when the neighbours do not keep us busy: 32 agents that ask it for two pieces each make a
// queue that delays the end of all (measured: 1.157 x size/rate). A piece that is owed for too long does not count as
// busy.
void FetchPolicy::decide(Time now, std::vector<Action>& actions) {
  expire(now);
  if (peers_.have().complete()) return;
  for (auto& [id, peer] : peers_) {
    if (!first_.empty() && !peer.node.is_lagging) ask_first_of(id, peer, now, actions);
  }
  const bool anywhere = !zone_.is_in_force(peers_, now);
  std::size_t owed_in_time = 0;
  const Milliseconds after = hedge_after(patience_);
  const auto is_in_time = [now, after](const Outstanding& owed) { return now <= owed.since + after; };
  for (auto& [id, peer] : peers_) {
    if (peer.node.is_seeder || peer.node.is_lagging) continue;
    ask_of(id, peer, anywhere, now, actions);
    owed_in_time += static_cast<std::size_t>(std::count_if(peer.asks.owed.begin(), peer.asks.owed.end(), is_in_time));
  }
  const bool is_seeders_turn = owed_in_time < most_asks / 2;
  for (auto& [id, peer] : peers_) {
    if (peer.node.is_seeder && is_seeders_turn) ask_of(id, peer, anywhere, now, actions);
  }
  ask_lagging(anywhere, now, actions);
  hedge(now, actions);
}

}  // namespace shoal::swarm
