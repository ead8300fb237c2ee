// Layers for the store's tests: made bytes, and the way into the store that a pull takes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/store/store.hpp"

namespace shoal::store {

// Bytes that differ from piece to piece and from seed to seed.
Bytes made_bytes(std::size_t count, unsigned seed = 1);

inline Digest digest_of_bytes(ByteView bytes) {
  return digest_of(DigestAlgorithm::sha256, bytes);
}

SideFile side_of(const Digest& digest, ByteView bytes);

// Writes all pieces of `bytes`, each verified against its own hash: the layer's digest is judged later.
Result<void> write_pieces(PieceFile& file, ByteView bytes);

// reserve, write, verify, commit, adopt, under `digest`.
Result<HeldLayer> put(Store& store, ByteView bytes, const Digest& digest);
inline Result<HeldLayer> put(Store& store, ByteView bytes) {
  return put(store, bytes, digest_of_bytes(bytes));
}

Bytes all_bytes(const HeldLayer& layer);

// Regular files under root/`directory`, by path relative to the root.
std::vector<std::string> files_in(const std::string& root, const std::string& directory);

}  // namespace shoal::store
