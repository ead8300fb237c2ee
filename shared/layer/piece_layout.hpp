// PieceLayout: how a layer of a given size is cut into pieces. Fixed by the protocol version: every node computes the
// same layout from the size alone.
// Source: DESIGN section 2, measured: about 1,000 pieces keep the ramp and the tail of a rollout short.
#pragma once

#include <cstdint>

#include "shared/core/units.hpp"

namespace shoal {

using PieceIndex = std::uint32_t;

// The next power of two at or above size / 1024, between 16 KiB and 1 MiB.
ByteCount piece_length_for(ByteCount layer_size);

// Layers up to this size skip the swarm: one HTTP round trip to a holder.
inline constexpr ByteCount small_layer_limit = 256_KiB;

// No layer is larger: 1 TiB, a million pieces of the largest length. Bounds what a size from outside can make us
// allocate.
inline constexpr ByteCount largest_layer{1ULL << 40};

class PieceLayout {
 public:
  explicit PieceLayout(ByteCount layer_size) : PieceLayout(layer_size, piece_length_for(layer_size)) {}

  ByteCount layer_size() const { return layer_size_; }
  ByteCount piece_length() const { return piece_length_; }
  PieceIndex count() const;  // 0 for an empty layer
  std::uint64_t offset(PieceIndex piece) const { return piece * piece_length_.value; }
  std::uint32_t length(PieceIndex piece) const;  // bytes; the last piece may be shorter
  PieceIndex piece_at(std::uint64_t byte_offset) const {
    return static_cast<PieceIndex>(byte_offset / piece_length_.value);
  }

 private:
  PieceLayout(ByteCount layer_size, ByteCount piece_length) : layer_size_(layer_size), piece_length_(piece_length) {}
  ByteCount layer_size_;
  ByteCount piece_length_;
};

}  // namespace shoal
