// FetchPolicy: what an agent asks of which peer, and when it stops waiting for a peer.
//
// An agent keeps pieces outstanding at every neighbour, each piece asked of one peer: which piece, rank.hpp says.
// Across zones only its own share is asked for (zone_share.hpp). An idle peer is asked for a piece that another one
// owes for too long (hedging.hpp).
//
// Pure; time is given. Threads: one owner.
#pragma once

#include <optional>

#include "shared/swarm/policy/peer_table.hpp"
#include "shared/swarm/policy/zone_share.hpp"

namespace shoal::swarm {

class FetchPolicy {
 public:
  // Shared out over the peers that offer something: measured with 11 neighbours, one each.
  static constexpr std::size_t most_asks = 12;
  static constexpr std::size_t most_asks_per_peer = 4;  // a lone pair needs some to fill the line
  // At least, once the seeder offers everything: one is sent while the next is asked for. More queue up there and make
  // the tail.
  static constexpr std::size_t least_asks_at_seeder = 2;
  // A trickle may keep one piece that many times longer than silence; before anything was delivered, the second:
  // 10 s and 30 s of the 2 s of silence. A slow link delivers its first piece late.
  static constexpr int trickle_times = 5;
  static constexpr int first_trickle_times = 15;
  static constexpr std::size_t more_asks_for_first = 2;  // of one peer
  // Pieces remembered as reassigned, of one peer: many times more than it can owe at once.
  static constexpr std::size_t most_late = 64;

  FetchPolicy(PeerTable& peers, Patience& patience, ZoneShare& zone, std::uint64_t our_identity)
      : peers_(peers), patience_(patience), zone_(zone), identity_(our_identity), expected_(peers.pieces(), 0), wanted_end_(peers.pieces()) {}

  // The first bytes of a piece. Only a seeder may send a piece that was not asked for.
  Arrival begin(Peer& peer, PieceIndex piece, Time now);
  void note_delivery(Peer& peer, PieceIndex piece, Time now);
  // The peer does not owe the piece any more; true when it did.
  bool drop(Peer& peer, PieceIndex piece);
  void drop_all(Peer& peer);
  // Its hash did not come: the piece is asked for again a little later.
  void drop_unproven(Peer& peer, PieceIndex piece, Time now);
  void withhold(PieceIndex piece) { ++expected_[piece]; }  // never asked for
  // Pieces at `end` or behind it are not asked for, and not taken when a seeder pushes them. Without a call: all are.
  void want_up_to(PieceIndex end);
  // Readers wait for them: asked for before all others in this order, beside what a peer owes, and also behind `end`.
  void want_first(std::vector<PieceIndex> pieces) { first_ = std::move(pieces); }

  void decide(Time now, std::vector<Action>& actions);

  std::uint64_t reassigned() const { return reassigned_; }
  std::vector<PeerId> take_lagging() { return std::exchange(lagging_, {}); }

 private:
  void expire(Time now);
  void find_lagging(PeerId id, Peer& peer, Time now);
  void reassign(Peer& peer, Time now);
  void ask(PeerId id, Peer& peer, PieceIndex piece, Time now, std::vector<Action>& actions);
  void ask_lagging(bool anywhere, Time now, std::vector<Action>& actions);
  void ask_first_of(PeerId id, Peer& peer, Time now, std::vector<Action>& actions);
  void ask_of(PeerId id, Peer& peer, bool anywhere, Time now, std::vector<Action>& actions);
  std::size_t most_owed(const Peer& peer) const;
  std::optional<PieceIndex> next_piece(const Peer& peer, bool anywhere) const;
  // Missing, owed by no peer, and this peer has it.
  bool is_candidate(const Peer& peer, PieceIndex piece) const {
    // One branch, not three: this is the innermost question of the policy.
    const auto is_missing = static_cast<unsigned>(!peers_.have().has(piece));
    const auto is_free = static_cast<unsigned>(expected_[piece] == 0);
    return (is_missing & is_free & static_cast<unsigned>(peer.has.has(piece))) != 0;
  }
  bool has_candidate(const Peer& peer) const;
  template <class RankOf>
  std::optional<PieceIndex> lowest(const Peer& peer, bool anywhere, RankOf rank_of) const;
  void hedge(Time now, std::vector<Action>& actions);

  PeerTable& peers_;
  Patience& patience_;
  ZoneShare& zone_;
  std::uint64_t identity_;
  std::vector<std::uint8_t> expected_;  // per piece: peers that owe it
  PieceIndex wanted_end_;
  std::vector<PieceIndex> first_;
  std::uint64_t reassigned_ = 0;
  std::vector<PeerId> lagging_;  // since `take_lagging`
};

}  // namespace shoal::swarm
