// The fetching side of Policy: what to ask of whom, and when to stop waiting.
#include <algorithm>
#include <tuple>

#include "shared/swarm/policy.hpp"

namespace shoal::swarm {
namespace {

constexpr std::size_t most_late = 64;       // pieces remembered as given back, for each peer
constexpr std::uint32_t rarity_levels = 4;  // measured: above four holders a piece is as good as everywhere
constexpr PieceIndex scatter = 32;          // missing pieces over which fetchers spread at a complete holder

std::uint64_t mix(std::uint64_t x) {  // a bijection that leaves no pattern (the finalizer of splitmix64)
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

}  // namespace

bool Policy::drop_ask(Peer& peer, PieceIndex piece) {
  const auto found =
      std::find_if(peer.asked.begin(), peer.asked.end(), [&](const auto& o) { return o.piece == piece; });
  if (found == peer.asked.end()) return false;
  peer.asked.erase(found);
  if (--expected_[piece] > 0 || have_.has(piece)) return true;
  for (auto& [id, other] : peers_) other.nothing_useful = false;  // it may be asked of them now
  return true;
}

Policy::Arrival Policy::piece_begins(PeerId id, PieceIndex piece, Time now) {
  Peer* peer = find(id);
  if (peer == nullptr) return Arrival::unasked;
  peer->heard = now;
  const auto is_asked = [&](const auto& o) { return o.piece == piece; };
  const bool asked = std::any_of(peer->asked.begin(), peer->asked.end(), is_asked);
  if (have_.has(piece)) {
    if (asked) drop_ask(*peer, piece);
    delivered(*peer, now);
    return Arrival::duplicate;
  }
  if (asked) return Arrival::wanted;
  const auto late = std::find(peer->late.begin(), peer->late.end(), piece);
  if (late == peer->late.end() && !peer->is_seeder) return Arrival::unasked;
  if (late != peer->late.end()) peer->late.erase(late);
  peer->asked.push_back({piece, now});
  ++expected_[piece];
  return Arrival::wanted;
}

void Policy::bytes_flow(PeerId id, Time now) {
  if (Peer* peer = find(id)) peer->heard = now;
}

void Policy::piece_verified(PeerId id, PieceIndex piece, Time now) {
  if (Peer* peer = find(id)) {
    const auto found =
        std::find_if(peer->asked.begin(), peer->asked.end(), [&](const auto& o) { return o.piece == piece; });
    if (found != peer->asked.end()) measured(*peer, found->since, now);
    delivered(*peer, now);
    peer->offer_now |= peer->is_seeder;
  }
  hold(piece);
  if (Peer* peer = find(id)) drop_ask(*peer, piece);
}

void Policy::piece_bad(PeerId id, PieceIndex piece) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  ++peer->bad;
  piece_lost(id, piece);
}

// This peer cannot give it: as if it had never offered it.
void Policy::piece_lost(PeerId id, PieceIndex piece) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  if (peer->has.has(piece)) {
    peer->has.remove(piece);
    available(piece, *peer, -1);
  }
  drop_ask(*peer, piece);
}

void Policy::piece_unproven(PeerId id, PieceIndex piece, Time now) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  drop_ask(*peer, piece);
  peer->shunned_until = now + limits_.patience / 2;
}

// Everything a silent peer owes becomes free for others. What comes late is still taken.
void Policy::give_back(Peer& peer, Time now) {
  shun(peer, now);
  while (!peer.asked.empty()) {
    const PieceIndex piece = peer.asked.back().piece;
    drop_ask(peer, piece);
    if (have_.has(piece)) continue;
    ++reassigned_;
    if (peer.late.size() == most_late) peer.late.erase(peer.late.begin());
    peer.late.push_back(piece);
  }
}

void Policy::expire_asks(Time now) {
  for (auto& [id, peer] : peers_) {
    const Milliseconds limit = patience(peer);
    const Time heard = peer.heard;
    // A trickle may keep one piece that much longer than silence.
    const Milliseconds longest = usual_.count() > 0 ? limit * 5 : limit * 15;
    const bool stuck = std::any_of(peer.asked.begin(), peer.asked.end(), [&](const Outstanding& o) {
      return now > std::max(o.since, heard) + limit || now > o.since + longest;
    });
    if (stuck) give_back(peer, now);
  }
}

std::size_t Policy::depth(const Peer& peer) const {
  const auto offering =
      std::count_if(peers_.begin(), peers_.end(), [](const auto& p) { return p.second.has.held() > 0; });
  const std::size_t share = limits_.asks_in_all / std::max<std::size_t>(1, static_cast<std::size_t>(offering));
  // It may be one that never gives anything, or next to nothing.
  if (offering > 1 && (peer.usual == Milliseconds(0) || is_slow(peer))) return 1;
  const std::size_t least = peer.is_seeder ? limits_.asks_at_seeder : 1;
  return std::clamp(share, least, limits_.asks_per_peer);
}

// Who of the zone fetches which piece from outside: the one whose identity and the piece hash highest together, so that
// all agree without a word, and only the pieces of one who goes change hands.
void Policy::share_out_zone() {
  std::vector<std::uint64_t> others;
  for (auto& [id, peer] : peers_) {
    if (peer.nearness == Nearness::near) others.push_back(peer.identity);
    peer.nothing_useful = false;
  }
  neighbours_in_zone_ = others.size();
  for (PieceIndex piece = 0; piece < have_.size(); ++piece) {
    const auto rank = [piece](std::uint64_t identity) { return mix(identity ^ mix(piece + 1)); };
    ours_[piece] =
        std::none_of(others.begin(), others.end(), [&](std::uint64_t other) { return rank(other) > rank(identity_); });
  }
}

// Until we are left with nothing to ask of anybody, while others are to fetch what there is, for twice as long as the
// slowest peer takes for a piece.
bool Policy::zones_count(Time now) {
  if (neighbours_in_zone_ == 0) return false;
  Milliseconds slowest{0};
  bool waiting = false;
  bool left = false;
  for (const auto& [id, peer] : peers_) {
    waiting |= !peer.asked.empty();
    left |= peer.left_to_others;
    slowest = std::max(slowest, peer.usual);
  }
  if (waiting || !left) busy_ = now;
  if (now < anywhere_until_) return false;
  if (now <= busy_ + std::max(limits_.idle, slowest * 2)) return true;
  anywhere_until_ = now + limits_.patience;
  for (auto& [id, peer] : peers_) peer.nothing_useful = false;
  return false;
}

// The first missing piece, else the rarest up to four holders, then in order. Of a complete holder several fetchers ask
// different pieces of the next few, so that they have something to give each other.
std::optional<PieceIndex> Policy::best(const Peer& peer, bool anywhere) const {
  const bool crossing = !anywhere && peer.nearness == Nearness::far;
  const auto incomplete = [&](const auto& p) { return !p.second.is_seeder && !p.second.has.complete(); };
  const bool spread = peer.has.complete() && std::any_of(peers_.begin(), peers_.end(), incomplete);
  using Rank = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>;
  std::optional<PieceIndex> choice;
  Rank lowest{};
  PieceIndex candidates = 0;
  const PieceIndex first = have_.first_missing();
  for (PieceIndex piece = first; piece < have_.size(); ++piece) {
    if (have_.has(piece) || expected_[piece] != 0 || !peer.has.has(piece)) continue;
    if (crossing && !may_cross(piece)) continue;
    if (piece == first && !spread) return first;
    const std::uint32_t rarity = std::min(availability_[piece], rarity_levels);
    const Rank rank = spread ? Rank{rarity, candidates / scatter, mix(piece ^ identity_)} : Rank{rarity, piece, 0};
    ++candidates;
    if (!choice || rank < lowest) choice = piece, lowest = rank;
    if (!spread && std::get<0>(lowest) <= 1) break;
  }
  return choice;
}

void Policy::ask_of(PeerId id, Peer& peer, bool anywhere, Time now, std::vector<Action>& actions) {
  if (peer.nothing_useful || !may_be_asked(peer, now)) return;
  const std::size_t most = depth(peer);
  while (peer.asked.size() < most) {
    const std::optional<PieceIndex> piece = best(peer, anywhere);
    peer.nothing_useful = !piece;
    peer.left_to_others = !piece && !anywhere && best(peer, true);
    if (!piece) return;
    ask(id, peer, *piece, now, actions);
  }
}

void Policy::ask(PeerId id, Peer& peer, PieceIndex piece, Time now, std::vector<Action>& actions) {
  peer.asked.push_back({piece, now});
  ++expected_[piece];
  actions.push_back(Ask{id, piece});
}

// After that time a piece that a peer owes us is not counted on any more.
Milliseconds Policy::late() const {
  return usual_.count() > 0 ? std::max(limits_.hedge_least, usual_ * limits_.hedge_factor) : limits_.patience / 2;
}

// Of the pieces that this peer has and we lack, the one that a single other peer has owed us for longest, and for too
// long.
const Policy::Outstanding* Policy::longest_owed(const Peer& asking, Time now) const {
  // From the seeder, and across zones, only what it is high time for.
  const bool is_dear = asking.is_seeder || asking.nearness == Nearness::far;
  const Milliseconds least = is_dear ? std::max(late(), limits_.patience / 2) : late();
  const Outstanding* longest = nullptr;
  for (const auto& [id, other] : peers_) {
    for (const Outstanding& owed : other.asked) {
      const bool is_late = now > owed.since + least;
      const bool is_wanted = !have_.has(owed.piece) && expected_[owed.piece] == 1;
      const bool is_choice = is_late && is_wanted && asking.has.has(owed.piece);
      if (is_choice && (longest == nullptr || owed.since < longest->since)) longest = &owed;
    }
  }
  return longest;
}

void Policy::hedge(Time now, std::vector<Action>& actions) {
  for (auto& [id, peer] : peers_) {
    const bool is_idle = peer.asked.empty() && peer.nothing_useful && may_be_asked(peer, now);
    const Outstanding* owed = is_idle ? longest_owed(peer, now) : nullptr;
    if (owed != nullptr) ask(id, peer, owed->piece, now, actions);
  }
}

// The seeder last, and only when the neighbours do not keep us busy: 32 agents that ask it for two pieces each make a
// queue that delays the end of all (measured: 1.157 x size/rate). What they owe for too long keeps nobody busy.
void Policy::decide_asks(Time now, std::vector<Action>& actions) {
  if (have_.complete()) return;
  const bool anywhere = !zones_count(now);
  std::size_t elsewhere = 0;
  const auto in_time = [now, limit = late()](const Outstanding& owed) { return now <= owed.since + limit; };
  for (auto& [id, peer] : peers_) {
    if (peer.is_seeder) continue;
    ask_of(id, peer, anywhere, now, actions);
    elsewhere += static_cast<std::size_t>(std::count_if(peer.asked.begin(), peer.asked.end(), in_time));
  }
  const bool seeders_turn = elsewhere < limits_.asks_in_all / 2;
  for (auto& [id, peer] : peers_) {
    if (peer.is_seeder && seeders_turn) ask_of(id, peer, anywhere, now, actions);
  }
  hedge(now, actions);
}

}  // namespace shoal::swarm
