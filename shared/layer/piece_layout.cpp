#include "shared/layer/piece_layout.hpp"

#include <algorithm>
#include <bit>

#include "shared/core/check.hpp"

namespace shoal {

ByteCount piece_length_for(ByteCount layer_size) {
  const std::uint64_t ideal = std::bit_ceil((layer_size.value + 1023) / 1024);
  return {std::clamp(ideal, (16_KiB).value, (1_MiB).value)};
}

PieceIndex PieceLayout::count() const {
  return static_cast<PieceIndex>((layer_size_.value + piece_length_.value - 1) / piece_length_.value);
}

std::uint32_t PieceLayout::length(PieceIndex piece) const {
  SHOAL_CHECK(piece < count());
  return static_cast<std::uint32_t>(std::min(piece_length_.value, layer_size_.value - offset(piece)));
}

}  // namespace shoal
