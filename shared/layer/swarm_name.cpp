#include "shared/layer/swarm_name.hpp"

#include "shared/core/codec.hpp"
#include "shared/crypto/hasher.hpp"

namespace shoal::inline layer {

SwarmName swarm_name(const SwarmKey& key, const Digest& digest, const PieceLayout& layout, Generation generation) {
  constexpr std::uint8_t version = 1;
  Encoder message;
  message.field(version);
  message.field(digest);  // algorithm byte and raw bytes
  message.field(layout.layer_size().value);
  message.field(static_cast<std::uint32_t>(layout.piece_length().value));
  message.field(generation);
  const Hash256 mac = hmac_sha256(key, message.take());
  SwarmName name;
  std::copy_n(mac.begin(), name.bytes.size(), name.bytes.begin());
  return name;
}

}  // namespace shoal::inline layer
