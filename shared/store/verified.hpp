// The values that only verification can make: a VerifiedLayer, whose bytes hash to its digest, and a VerifiedSpan,
// bytes that may be served.
//
// Verified pieces are readable in order as they become contiguous. The last piece is withheld until the whole layer's
// digest has matched, so no complete response is ever wrong. A reader of a part, which checks it by a digest of its own,
// gets the pieces that are there, in whatever order they came.
#pragma once

#include <memory>
#include <optional>

#include "shared/crypto/hasher.hpp"
#include "shared/layer/piece_set.hpp"
#include "shared/store/piece_file.hpp"

namespace shoal::store {

// Bytes of a file that may leave the node. Keeps the file open.
class VerifiedSpan {
 public:
  const FileHandle& file() const { return file_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t length() const { return length_; }  // bytes; 0 when nothing may be read there yet

 private:
  friend class PartialLayer;
  friend class HeldLayer;
  VerifiedSpan(FileHandle file, std::uint64_t offset, std::uint64_t length,
               std::shared_ptr<const void> held = nullptr)
      : file_(std::move(file)), offset_(offset), length_(length), held_(std::move(held)) {}
  FileHandle file_;
  std::uint64_t offset_;
  std::uint64_t length_;
  std::shared_ptr<const void> held_;  // keeps a held layer from being evicted
};

// Proof that the file's bytes, all of them, hash to the digest.
class VerifiedLayer {
 public:
  const Digest& digest() const { return digest_; }
  const FileHandle& file() const { return file_; }

 private:
  friend class LayerVerifier;
  VerifiedLayer(Digest digest, FileHandle file) : digest_(digest), file_(std::move(file)) {}
  Digest digest_;
  FileHandle file_;
};

// Hashes a layer in order, behind the growing prefix, so that the end costs only the tail.
// Threads: any, one call at a time (the pool, for `advance` reads and hashes).
class LayerVerifier {
 public:
  LayerVerifier(Digest digest, FileHandle file);
  // Reads the file up to `end` and hashes it. The caller knows that all of it was written.
  Result<void> advance(std::uint64_t end);
  std::uint64_t position() const { return position_; }
  // After advance(size): `corrupt` when the digest does not match.
  Result<VerifiedLayer> finish();

 private:
  Digest expected_;
  FileHandle file_;
  Hasher hasher_;
  std::uint64_t position_ = 0;
};

// The bookkeeping of one layer that is being filled.
// Threads: the loop.
class PartialLayer {
 public:
  explicit PartialLayer(FileHandle file);

  bool note(WrittenPiece piece);  // true when it is new
  const PieceSet& written() const { return written_; }
  std::uint64_t contiguous_bytes() const;  // written from the start without a gap
  bool complete() const { return written_.complete(); }
  const std::vector<Hash256>& hashes() const { return hashes_; }  // of the written pieces; zero for the others

  void release_tail(const VerifiedLayer& proof);  // of this file
  // The bytes that may be served at `from`, `most` of them; empty when they are not there yet or withheld.
  VerifiedSpan readable(std::uint64_t from, std::uint64_t most = largest_layer.value) const;
  // The bytes of the part [from, end) up to the first piece that is not there.
  VerifiedSpan readable_part(std::uint64_t from, std::uint64_t end) const;

  const FileHandle& file() const { return file_; }

 private:
  FileHandle file_;
  PieceSet written_;
  std::vector<Hash256> hashes_;
  PieceIndex first_missing_ = 0;
  bool tail_released_ = false;
};

}  // namespace shoal::store
