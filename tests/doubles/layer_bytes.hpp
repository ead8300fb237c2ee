// The bytes of layers that tests make up, and whether a store has the right ones.
#pragma once

#include "shared/crypto/hasher.hpp"
#include "shared/store/store.hpp"

namespace shoal {

// Different for each seed.
inline Bytes numbered_bytes(std::size_t count, int seed = 1) {
  Bytes bytes(count);
  std::uint32_t state = static_cast<std::uint32_t>(seed) * 2'654'435'761U + 1;
  for (std::byte& byte : bytes) {
    state = state * 1'664'525U + 1'013'904'223U;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

// A layer that is not held is not held wrong.
inline bool holds_no_wrong_bytes(store::Store& store, const Digest& digest) {
  const auto held = store.find(digest);
  if (!held) return true;
  Bytes bytes(held->size().value);
  return held->file()->read_at(0, bytes) && digest_of(digest.algorithm(), bytes) == digest;
}

}  // namespace shoal
