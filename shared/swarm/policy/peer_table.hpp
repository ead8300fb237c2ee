// PeerTable: our pieces, the peers of one swarm and their pieces. Each part of the policy works on it and owns one
// group of a peer's fields.
//
// Threads: one owner.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "shared/layer/piece_set.hpp"
#include "shared/swarm/policy/actions.hpp"
#include "shared/swarm/policy/patience.hpp"

namespace shoal::swarm {

struct Outstanding {
  PieceIndex piece;
  Time since;
};

// FetchPolicy's fields.
struct PeerAsks {
  std::vector<Outstanding> owed;        // expected from the peer, pushes that began included
  std::vector<PieceIndex> late;         // reassigned, may still come; bounded
  bool no_candidate = false;            // until the peer offers more or a piece is reassigned
  bool deferred_to_zone_owner = false;  // and the peer has a piece that another peer of our zone is to fetch
};
// PushPolicy's.
struct PeerPushes {
  std::vector<Outstanding> unacknowledged;
  std::uint64_t in_all = 0;
};
// Those of the offers to the peer.
struct PeerOffers {
  std::vector<PieceIndex> pieces;  // not told yet
  Time told{};
  bool at_once = false;  // the peer waits for this acknowledgement
};

struct Peer {
  NewPeer node;
  PieceSet has;
  Reliability reliability{};
  PeerAsks asks{};
  PeerPushes pushes{};
  PeerOffers offers{};
};

// The entry of a piece in a list of outstanding ones; its end when there is none.
inline auto find_piece(std::vector<Outstanding>& list, PieceIndex piece) {
  return std::find_if(list.begin(), list.end(), [piece](const Outstanding& o) { return o.piece == piece; });
}

class PeerTable {
 public:
  explicit PeerTable(PieceSet have) : have_(std::move(have)), holders_(have_.size(), 0) {}

  Peer* find(PeerId id) {
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : &found->second;
  }
  const Peer* find(PeerId id) const {
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : &found->second;
  }
  Peer& add(PeerId id, const NewPeer& node) { return peers_[id] = Peer{node, PieceSet(pieces())}; }
  void remove(PeerId id) { peers_.erase(id); }
  auto begin() { return peers_.begin(); }
  auto end() { return peers_.end(); }
  auto begin() const { return peers_.begin(); }
  auto end() const { return peers_.end(); }
  std::size_t size() const { return peers_.size(); }
  bool empty() const { return peers_.empty(); }

  PieceIndex pieces() const { return have_.size(); }  // of the layer
  const PieceSet& have() const { return have_; }
  bool add_ours(PieceIndex piece) { return have_.add(piece); }
  void remove_ours(PieceIndex piece) { have_.remove(piece); }

  std::uint32_t holders(PieceIndex piece) const { return holders_[piece]; }  // peers that have it
  void change_holders(PieceIndex piece, int change) { holders_[piece] += static_cast<std::uint32_t>(change); }

  // Peers without anything to ask of are looked at again.
  void reset_candidates() {
    for (auto& [id, peer] : peers_) peer.asks.no_candidate = false;
  }

 private:
  PieceSet have_;
  std::map<PeerId, Peer> peers_;
  std::vector<std::uint32_t> holders_;
};

}  // namespace shoal::swarm
