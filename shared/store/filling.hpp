// How a layer's bytes get into its file when they come in order: cut into pieces, hashed, written, and hashed again for
// the layer's own digest.
//
// Threads: any, one call at a time: the pool.
#pragma once

#include <span>

#include "shared/store/disk/record_format.hpp"
#include "shared/store/verified.hpp"

namespace shoal::store {

// Those of the noted pieces that are in the file as the record says, each read and hashed again.
std::vector<WrittenPiece> recheck(PieceFile& file, std::span<const NotedPiece> noted);

// Bytes in order, from the start of any piece. Pieces that are in the file already stay as they are: a swarm may have
// brought them meanwhile.
class PieceIntake {
 public:
  explicit PieceIntake(FileHandle file, PieceIndex first = 0) : file_(std::move(file)), next_(first) {}

  // The next bytes. Returns the pieces that are complete now, and in the file. Bytes that do not fill a piece wait for the
  // next call. `corrupt` for bytes beyond the end of the layer.
  Result<std::vector<WrittenPiece>> take(ByteView bytes);
  PieceIndex next() const { return next_; }  // the first piece that is not complete

 private:
  Result<WrittenPiece> write(ByteView bytes);

  FileHandle file_;
  PieceIndex next_;
  Bytes begun_;  // of piece next_
};

// A whole layer, from its first byte on.
class Filling {
 public:
  Filling(const Digest& digest, FileHandle file);

  // Pieces that an earlier fetch left in the file: they count up to the first gap, or the first one that its record
  // contradicts. Returns those that count. Before any `take`.
  Result<std::vector<WrittenPiece>> recheck(std::span<const NotedPiece> noted);
  Result<std::vector<WrittenPiece>> take(ByteView bytes);  // as PieceIntake::take
  std::uint64_t position() const;                          // bytes of the layer that are in the file, in whole pieces
  // After the last byte: `corrupt` when the digest does not match.
  Result<VerifiedLayer> finish() { return verifier_.finish(); }
  const std::vector<Hash256>& hashes() const { return hashes_; }  // of the pieces up to `position`

 private:
  Result<void> count(std::span<const WrittenPiece> pieces);

  FileHandle file_;
  PieceIntake intake_;
  LayerVerifier verifier_;
  std::vector<Hash256> hashes_;
};

}  // namespace shoal::store
