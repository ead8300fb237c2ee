// PushPolicy: the seeder's side. It pushes each piece once, in order, to the peer that was given the fewest; when every
// piece is out it offers all of them and serves like any holder.
//
// Pure; time is given. Threads: one owner.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "shared/swarm/policy/peer_table.hpp"

namespace shoal::swarm {

class PushPolicy {
 public:
  // Unacknowledged pushes in all, in a swarm that is a full mesh and in a larger one (measured at 12 and 32 agents).
  static constexpr std::size_t most_in_mesh = 16;
  static constexpr std::size_t most_above_mesh = 24;
  // Of fresh peers, whose acknowledgements come at once: all pushes on their way share the uplink, and with 16 the
  // first would take as long as all. Each acknowledgement allows one more.
  static constexpr std::size_t most_at_start = 4;
  static constexpr std::size_t least_per_peer = 2;  // the hashes of two pieces travel together
  static constexpr std::size_t shared_by_few = 8;   // by one to four peers: enough to fill the line of a lone one

  // `is_window`: a piece is ours only until agents hold it (released).
  PushPolicy(PeerTable& peers, Patience& patience, bool is_window = false);

  void queue(PieceIndex piece);  // in the file: pushed next, or when there is nothing else if a peer offers it
  void holders_changed(PieceIndex piece);
  void acknowledge(Peer& peer, PieceIndex piece, Time now);
  void take_back(Peer& peer);  // its unacknowledged pushes
  void peer_left();
  // Pieces that are ours no longer since the last call.
  std::vector<PieceIndex> take_released() { return std::exchange(released_, {}); }

  void decide(Time now, std::vector<Action>& actions);

  bool is_serving() const { return serving_; }  // every piece is out, everything is offered
  std::uint64_t reassigned() const { return reassigned_; }

 private:
  struct Target {
    PeerId id;
    Peer* peer;
  };
  bool is_underway(PieceIndex piece) const { return underway_[piece] != 0; }
  void expire_pushes(Time now);
  void expire_deliveries(Time now);
  std::size_t most_per_peer() const;
  std::optional<Target> target(PieceIndex piece, Time now);
  void push(Target target, PieceIndex piece, Time now, std::vector<Action>& actions);
  bool push_claimed(Time now, std::vector<Action>& actions);
  void serve_all();
  std::uint32_t enough_holders() const;
  void release(PieceIndex piece, std::uint32_t least_holders);

  PeerTable& peers_;
  Patience& patience_;
  std::vector<std::uint8_t> underway_;  // per piece: peers that it is on its way to
  std::set<PieceIndex> to_push_;        // in the file, held by no peer, on its way to none
  // Offered by a peer that we did not push it to, or kept by the only peer that we did. An offer is not proved, and
  // one corrupt peer must not keep a piece from all others: while the layer still arrives claimed pieces are pushed
  // when there is nothing else to do.
  std::set<PieceIndex> claimed_;
  std::deque<Outstanding> delivered_;  // pushes that were acknowledged lately, and when
  std::size_t unacknowledged_ = 0;
  std::size_t acknowledged_ = 0;
  bool serving_ = false;
  bool is_window_;
  std::vector<PieceIndex> released_;
  std::uint64_t reassigned_ = 0;
};

}  // namespace shoal::swarm
