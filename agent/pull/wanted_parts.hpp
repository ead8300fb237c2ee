// WantedParts: the pieces that readers of parts wait for, of a layer that other nodes hold. Those alone are fetched
// until a reader wants the whole layer. Of a Download. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <algorithm>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/layer/piece_set.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::agent::pull {

class WantedParts {
 public:
  static constexpr Milliseconds rest{25'000};  // without a reader the swarm is left, as of a whole layer

  explicit WantedParts(Time now) : used_at_(now) {}

  // The pieces before `end` go first from now on, in front of those wanted before.
  void want(PieceIndex first, PieceIndex end, Time now) {
    used_at_ = now;
    std::vector<PieceIndex> pieces;
    for (PieceIndex piece = first; piece < end && pieces.size() < swarm::most_first; ++piece) pieces.push_back(piece);
    for (const PieceIndex piece : pieces_) {
      if ((piece < first || piece >= end) && pieces.size() < swarm::most_first) pieces.push_back(piece);
    }
    if (pieces == pieces_) return;
    pieces_ = std::move(pieces);
    is_told_ = false;
  }
  void want_whole() {
    if (!std::exchange(is_whole_, true)) is_told_ = false;
  }
  bool is_whole() const { return is_whole_; }

  // What the swarm is to be told; null when nothing has changed since.
  const std::vector<PieceIndex>* news() { return std::exchange(is_told_, true) ? nullptr : &pieces_; }
  bool are_in(const PieceSet& written) const {
    return std::ranges::all_of(pieces_, [&](PieceIndex piece) { return written.has(piece); });
  }
  bool is_abandoned(Time now) const { return !is_whole_ && now - used_at_ >= rest; }

 private:
  std::vector<PieceIndex> pieces_;  // at most swarm::most_first
  Time used_at_;
  bool is_whole_ = false;
  bool is_told_ = true;
};

}  // namespace shoal::agent::pull
