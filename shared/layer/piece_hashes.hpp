// PieceHashes: the known SHA-256 of each piece of one layer. It and ExpectedPiece alone make a VerifiedPiece.
//
// Hashes come in batches signed by the tracker, so that any peer may pass them on. A node that reads the origin itself
// hashes the bytes as they arrive.
// Threads: one owner; a VerifiedPiece and an ExpectedPiece may travel.
#pragma once

#include <optional>
#include <vector>

#include "shared/core/bytes.hpp"
#include "shared/crypto/hasher.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/layer/piece_layout.hpp"
#include "shared/layer/swarm_name.hpp"

namespace shoal::inline layer {

inline constexpr std::size_t largest_batch = 64;  // hashes, 2 KiB: bounds the memory and work for one message

// Hashes of consecutive pieces. The signature covers "shoal hashes 1", the swarm's name, `first`, the count, the
// hashes.
struct HashBatch {
  PieceIndex first = 0;
  std::vector<Hash256> hashes;
  Signature signature{};

  template <class C>
  static void fields(C& codec, HashBatch& m) {
    codec.field(m.first), codec.field(m.hashes), codec.field(m.signature);
  }
  friend bool operator==(const HashBatch&, const HashBatch&) = default;
};

HashBatch sign_batch(const SigningKey& key, const SwarmName& swarm, PieceIndex first, std::vector<Hash256> hashes);

// A finished list is signed as a whole once the layer's digest matched: over "shoal list 1", digest text, size, all
// hashes.
Signature sign_list(const SigningKey& key, const Digest& digest, ByteCount size, std::span<const Hash256> hashes);
bool verify_list(const PublicKey& key, const Digest& digest, ByteCount size, std::span<const Hash256> hashes,
                 const Signature& signature);

// Bytes of one piece that match a signed hash, or that were hashed as they came from the origin. Borrowed:
// the bytes live as long as their buffer does.
class VerifiedPiece {
 public:
  PieceIndex index() const { return index_; }
  ByteView bytes() const { return bytes_; }
  const Hash256& hash() const { return hash_; }

 private:
  friend class ExpectedPiece;
  friend class PieceHashes;
  VerifiedPiece(PieceIndex index, ByteView bytes, const Hash256& hash) : index_(index), bytes_(bytes), hash_(hash) {}
  PieceIndex index_;
  ByteView bytes_;
  Hash256 hash_;
};

// The hash that one piece must have, so that another thread can check it.
class ExpectedPiece {
 public:
  Result<VerifiedPiece> verify(ByteView bytes) const;  // `corrupt` when the bytes are not that piece

 private:
  friend class PieceHashes;
  ExpectedPiece(PieceIndex index, std::uint32_t length, const Hash256& hash)
      : index_(index), length_(length), hash_(hash) {}
  PieceIndex index_;
  std::uint32_t length_;
  Hash256 hash_;
};

class PieceHashes {
 public:
  explicit PieceHashes(PieceLayout layout);

  // Takes a batch for `swarm` if its range fits and `key` signed it; `corrupt` otherwise, and nothing changes.
  Result<void> add(const HashBatch& batch, const SwarmName& swarm, const PublicKey& key);
  // A batch that this process signed itself, or that was verified before.
  void add_trusted(const HashBatch& batch);
  // All hashes of a finished layer, from its side file or a list whose signature was verified. They are not passed on
  // in batches: only their whole list is signed. CHECK: one for each piece.
  void add_list(std::span<const Hash256> list);

  bool knows(PieceIndex piece) const { return hashes_[piece].has_value(); }
  bool complete() const { return known_ == hashes_.size(); }
  std::vector<Hash256> all() const;  // only when complete

  // The batch that holds `piece`, to pass on; nullptr when the hash is not known or did not come in a batch.
  const HashBatch* batch_of(PieceIndex piece) const;

  std::optional<ExpectedPiece> expected(PieceIndex piece) const;  // nothing when its hash is not known yet

  // `corrupt` when the bytes are not that piece, `unavailable` when its hash is not known yet.
  Result<VerifiedPiece> verify(PieceIndex piece, ByteView bytes) const;

  // From the origin's own stream: hashes the bytes. CHECK: as many as the piece has.
  static VerifiedPiece of_origin(const PieceLayout& layout, PieceIndex piece, ByteView bytes);

  const PieceLayout& layout() const { return layout_; }

 private:
  PieceLayout layout_;
  std::vector<std::optional<Hash256>> hashes_;
  std::vector<std::uint32_t> batch_index_;  // per piece: 1 + index in batches_, 0 for none
  std::vector<HashBatch> batches_;
  std::size_t known_ = 0;
  void set(PieceIndex piece, const Hash256& hash);
};

}  // namespace shoal::inline layer
