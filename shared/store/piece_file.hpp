// PieceFile: the bytes of one layer on disk, while it is being filled and when it is whole. The only door in is
// `write`, which takes verified pieces; what comes out through `read` or the descriptor is therefore verified where it
// was written.
//
// Threads: any. Pieces are written and read at their own offsets; who may read which piece is the caller's bookkeeping.
#pragma once

#include <memory>
#include <string>

#include "shared/core/result.hpp"
#include "shared/layer/piece_hashes.hpp"
#include "shared/layer/piece_layout.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

// Proof that a verified piece is in the file.
class WrittenPiece {
 public:
  PieceIndex index() const { return index_; }
  const Hash256& hash() const { return hash_; }

 private:
  friend class PieceFile;
  explicit WrittenPiece(const VerifiedPiece& piece) : index_(piece.index()), hash_(piece.hash()) {}
  PieceIndex index_;
  Hash256 hash_;
};

class PieceFile {
 public:
  // Takes over `descriptor` and closes it.
  PieceFile(int descriptor, PieceLayout layout, Faults* faults);
  ~PieceFile();
  PieceFile(const PieceFile&) = delete;
  PieceFile& operator=(const PieceFile&) = delete;

  Result<WrittenPiece> write(const VerifiedPiece& piece);
  Result<Bytes> read(PieceIndex piece) const;
  // Fills `out` from `offset`; `corrupt` when the file is shorter.
  Result<void> read_at(std::uint64_t offset, MutableBytes out) const;
  Result<void> sync() const;  // fsync: data and size are durable when it succeeds; after a failure they are lost

  const PieceLayout& layout() const { return layout_; }
  int descriptor() const { return descriptor_; }  // for sendfile

 private:
  int descriptor_;
  PieceLayout layout_;
  Faults* faults_;
};

}  // namespace shoal::store
