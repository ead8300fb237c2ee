// The format of a record: its head, then one slot of 32 bytes a piece. docs/disk_format.md
#pragma once

#include "shared/core/digest.hpp"
#include "shared/crypto/hasher.hpp"
#include "shared/layer/piece_layout.hpp"
#include "shared/layer/swarm_name.hpp"

namespace shoal::store {

using NotedPiece = std::pair<PieceIndex, Hash256>;  // what a record says of one piece

struct RecordHead {
  Digest digest;
  std::uint64_t size_bytes = 0;
  Generation generation = 0;  // of the swarm that the pieces belong to
  // SHA-256 of the registry's name that all pieces came from, as the pull path knows it; zero: several, or not known.
  Hash256 source{};

  template <class C>
  static void fields(C& codec, RecordHead& m) {
    codec.field(m.digest), codec.field(m.size_bytes), codec.field(m.generation);
  }
  friend bool operator==(const RecordHead&, const RecordHead&) = default;
};

inline constexpr std::uint64_t record_head_bytes = 256;  // a SHA-512 digest, 12 bytes, a checksum, and spare

// Of pieces that came from an origin directly: no tracker signed their hashes.
inline constexpr Generation of_no_swarm = 0xffffffff;

Bytes encode_record_head(const RecordHead& head);  // record_head_bytes
// `corrupt` for anything else.
Result<RecordHead> decode_record_head(ByteView bytes);

}  // namespace shoal::store
