// SwarmName: the name of a layer's swarm, a pure function that every node of the cluster computes alike.
//
// 16 bytes of HMAC-SHA-256(swarm key; u8 version, u8 algorithm, raw digest, u64 size, u32 piece length, u32
// generation). A node without the swarm key cannot compute a swarm's name.
#pragma once

#include <array>
#include <compare>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/digest.hpp"
#include "shared/layer/piece_layout.hpp"

namespace shoal::inline layer {

using SwarmKey = std::array<std::byte, 32>;  // the cluster's secret

// Which of the origin's streams: random at first, then one more each time the bytes proved wrong.
using Generation = std::uint32_t;

struct SwarmName {
  std::array<std::byte, 16> bytes{};
  std::string text() const { return hex_text(bytes); }  // 32 digits: the `name` of the info dictionary
  friend auto operator<=>(const SwarmName&, const SwarmName&) = default;
};

SwarmName swarm_name(const SwarmKey& key, const Digest& digest, const PieceLayout& layout, Generation generation);

}  // namespace shoal::inline layer
