// PendingHashes: whole pieces that wait in memory for their hash, each with the peer that sent it.
//
// Pure; time is given. Threads: one owner.
#pragma once

#include <map>
#include <vector>

#include "shared/control/timing.hpp"
#include "shared/core/bytes.hpp"
#include "shared/core/clock.hpp"
#include "shared/layer/piece_hashes.hpp"
#include "shared/swarm/identity.hpp"
#include "shared/swarm/policy/actions.hpp"

namespace shoal::swarm {

struct PieceSource {  // the peer that sent a piece, even when its connection is gone
  PeerId id;
  Identity identity;
  bool is_seeder;
};

class PendingHashes {
 public:
  static constexpr std::size_t most_pieces = 8;  // 8 MiB at most for one swarm
  static constexpr Milliseconds answer{100};     // then all neighbours are asked for the hash, and the tracker again,
  static constexpr int repeat_times = 5;         // and once more each time after so many times as long
  static constexpr Milliseconds limit = control::timing::hash_wait;  // then the piece is dropped

  struct Piece {
    PieceIndex index;
    PieceSource source;
    Bytes bytes;
  };
  struct Due {
    std::vector<Piece> dropped;
    std::vector<PieceIndex> to_ask_for;
  };

  bool empty() const { return waiting_.empty(); }
  bool has_place_for(PieceIndex piece) const { return waiting_.size() < most_pieces && !waiting_.contains(piece); }
  void add(Piece piece, Time now);
  std::vector<Piece> take_known(const PieceHashes& hashes);
  Due due(Time now);
  std::vector<PeerId> sources() const;

 private:
  struct Waiting {
    Piece piece;
    Time since;
    Time asked;  // for the hash
  };
  std::map<PieceIndex, Waiting> waiting_;
};

}  // namespace shoal::swarm
