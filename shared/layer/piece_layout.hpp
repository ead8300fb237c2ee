// PieceLayout: how a layer of a given size is cut into pieces. Fixed by the protocol version: every node computes the
// same layout from the size alone.
// Source: measured with simulations/rollout --limits, 64 MiB to 12 nodes over links of 20 Mbit/s, last node / (size /
// rate): 1.22 with pieces of 128 KiB, 1.11 with 64, 1.08 with 32. Nodes are a few pieces behind when the seeder's last
// one leaves; with pieces of 16 KiB their messages cost more than that (24 MiB at 30 Mbit/s: 1.12, with 32 KiB 1.10).
#pragma once

#include <cstdint>

#include "shared/core/units.hpp"

namespace shoal::inline layer {

using PieceIndex = std::uint32_t;

// The largest power of two that leaves 1,500 pieces, at most 1 MiB, but at least 32 KiB; of layers below 8 MiB 16 KiB.
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

}  // namespace shoal::inline layer
