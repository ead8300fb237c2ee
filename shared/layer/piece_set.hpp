// PieceSet: the pieces that a node has, one bit each, with a count.
//
// Threads: one owner.
#pragma once

#include <vector>

#include "shared/core/bytes.hpp"
#include "shared/core/check.hpp"
#include "shared/layer/piece_layout.hpp"

namespace shoal::inline layer {

class PieceSet {
 public:
  explicit PieceSet(PieceIndex count = 0) : bits_(count, false) {}
  static PieceSet full(PieceIndex count) {
    PieceSet set(count);
    set.bits_.assign(count, true);
    set.held_ = count;
    return set;
  }

  PieceIndex size() const { return static_cast<PieceIndex>(bits_.size()); }
  PieceIndex held() const { return held_; }
  bool complete() const { return held_ == bits_.size(); }
  bool has(PieceIndex piece) const { return bits_[piece]; }
  // True when the piece is new.
  bool add(PieceIndex piece) {
    SHOAL_CHECK(piece < bits_.size());
    if (bits_[piece]) return false;
    bits_[piece] = true;
    ++held_;
    return true;
  }
  void remove(PieceIndex piece) {
    if (bits_[piece]) --held_;
    bits_[piece] = false;
  }
  // The first piece at or after `from` that is missing; size() when there is none.
  PieceIndex first_missing(PieceIndex from = 0) const {
    while (from < bits_.size() && bits_[from]) ++from;
    return from;
  }

 private:
  std::vector<bool> bits_;
  PieceIndex held_ = 0;
};

}  // namespace shoal::inline layer
