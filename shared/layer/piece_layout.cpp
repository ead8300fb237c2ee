#include "shared/layer/piece_layout.hpp"

#include <algorithm>
#include <bit>

#include "shared/core/check.hpp"

namespace shoal::inline layer {

namespace {
constexpr std::uint64_t fewest_pieces = 1500;
constexpr ByteCount shortest_pieces_below = 8_MiB;
}  // namespace

ByteCount piece_length_for(ByteCount layer_size) {
  const std::uint64_t least = (layer_size < shortest_pieces_below ? 16_KiB : 32_KiB).value;
  return {std::clamp(std::bit_floor(layer_size.value / fewest_pieces), least, (1_MiB).value)};
}

PieceIndex PieceLayout::count() const {
  return static_cast<PieceIndex>((layer_size_.value + piece_length_.value - 1) / piece_length_.value);
}

std::uint32_t PieceLayout::length(PieceIndex piece) const {
  SHOAL_CHECK(piece < count());
  return static_cast<std::uint32_t>(std::min(piece_length_.value, layer_size_.value - offset(piece)));
}

}  // namespace shoal::inline layer
