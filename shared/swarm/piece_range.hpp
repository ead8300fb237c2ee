// PieceRange: consecutive pieces of one layer, as peers name them to each other.
#pragma once

#include <vector>

#include "shared/layer/piece_layout.hpp"

namespace shoal::swarm {

struct PieceRange {
  PieceIndex first = 0;
  PieceIndex count = 0;
  template <class C>
  static void fields(C& codec, PieceRange& m) {
    codec.field(m.first), codec.field(m.count);
  }
  friend bool operator==(const PieceRange&, const PieceRange&) = default;
};

std::vector<PieceRange> ranges_of(std::vector<PieceIndex> pieces);  // sorted, neighbours joined

}  // namespace shoal::swarm
