#include "shared/swarm/piece_range.hpp"

#include <algorithm>

namespace shoal::swarm {

std::vector<PieceRange> ranges_of(std::vector<PieceIndex> pieces) {
  std::sort(pieces.begin(), pieces.end());
  std::vector<PieceRange> ranges;
  for (const PieceIndex piece : pieces) {
    if (!ranges.empty() && piece < ranges.back().first + ranges.back().count) continue;  // twice
    if (!ranges.empty() && piece == ranges.back().first + ranges.back().count) {
      ++ranges.back().count;
    } else {
      ranges.push_back({piece, 1});
    }
  }
  return ranges;
}

}  // namespace shoal::swarm
