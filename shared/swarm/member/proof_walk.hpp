// ProofWalk: pieces in the file that were verified by the hashes of another swarm, whose bytes may have been others. A
// hash of this swarm proves each of them or shows that it is wrong; until then it is not offered. The walk says for
// which of them a neighbour is asked next.
//
// Threads: one owner.
#pragma once

#include <vector>

#include "shared/layer/piece_hashes.hpp"
#include "shared/layer/piece_set.hpp"
#include "shared/store/piece_file.hpp"
#include "shared/swarm/member/interval.hpp"
#include "shared/swarm/piece_range.hpp"

namespace shoal::swarm {

class ProofWalk {
 public:
  // In which each neighbour is asked for that many hashes; each answer is a batch of 8 hashes or more. One neighbour
  // proves 320 pieces a second, for 40 small messages.
  static constexpr Milliseconds interval{100};
  static constexpr int at_once = 4;

  explicit ProofWalk(PieceSet unproven) : unproven_(std::move(unproven)) {}

  bool is_done() const { return unproven_.held() == 0; }
  const PieceSet& unproven() const { return unproven_; }
  bool is_due(Time now) { return !is_done() && interval_.is_due(now); }
  PieceIndex next();  // CHECK: not done
  void remove(PieceIndex piece) {
    if (!is_done()) unproven_.remove(piece);
  }

  // The pieces of the range that the hashes prove; their bytes are read again. `corrupt` when one is wrong, or the
  // disk's error.
  Result<std::vector<PieceIndex>> prove(const PieceRange& range, const PieceHashes& hashes,
                                        const store::PieceFile& file);

 private:
  PieceSet unproven_;
  PieceIndex last_ = 0;  // that a neighbour was asked about
  Interval interval_{interval};
};

}  // namespace shoal::swarm
