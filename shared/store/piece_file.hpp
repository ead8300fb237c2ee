// PieceFile: the bytes of one layer, while it is being filled and when it is whole. The only door in is
// `write`, which takes verified pieces; what comes out through `read` or the descriptor is therefore verified where it
// was written.
//
// Threads: any. Pieces are written and read at their own offsets; who may read which piece is the caller's bookkeeping.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "shared/core/result.hpp"
#include "shared/layer/piece_hashes.hpp"
#include "shared/layer/piece_layout.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

class Record;

using NotedPiece = std::pair<PieceIndex, Hash256>;  // what a record says of one piece

// Proof that a verified piece is in the file.
class WrittenPiece {
 public:
  PieceIndex index() const { return index_; }
  const Hash256& hash() const { return hash_; }

 private:
  friend class PieceFile;
  WrittenPiece(PieceIndex index, const Hash256& hash) : index_(index), hash_(hash) {}
  PieceIndex index_;
  Hash256 hash_;
};

class PieceFile {
 public:
  // Takes over `descriptor` and closes it. With a record each piece written is noted there.
  PieceFile(int descriptor, PieceLayout layout, Faults* faults);
  PieceFile(int descriptor, PieceLayout layout, Faults* faults, std::unique_ptr<Record> record);
  ~PieceFile();
  PieceFile(const PieceFile&) = delete;
  PieceFile& operator=(const PieceFile&) = delete;

  // Each piece is written once: what was hashed on its way to a reader does not change under it. The same piece again
  // is taken for written; `corrupt` for other bytes in its place, which two wrong streams of one layer may bring.
  Result<WrittenPiece> write(const VerifiedPiece& piece);
  // A piece that the record names, read and hashed again; `corrupt` when the file has other bytes there.
  Result<WrittenPiece> recheck(PieceIndex piece, const Hash256& hash);
  // The piece, when it was written through this file or rechecked.
  std::optional<WrittenPiece> find(PieceIndex piece) const;
  Result<Bytes> read(PieceIndex piece) const;
  // Fills `out` from `offset`; `corrupt` when the file is shorter.
  Result<void> read_at(std::uint64_t offset, MutableBytes out) const;
  Result<void> sync() const;  // fsync: data and size are durable when it succeeds
  // It failed once: the kernel may drop pages that it could not write, and what is read then may be anything.
  bool is_lost() const { return is_lost_; }

  // Open on the same file, whatever its name is now.
  bool is_same(const PieceFile& other) const;

  const PieceLayout& layout() const { return layout_; }
  int descriptor() const { return descriptor_; }  // for sendfile
  Record* record() const { return record_.get(); }

 private:
  int descriptor_;
  PieceLayout layout_;
  Faults* faults_;
  std::unique_ptr<Record> record_;
  mutable std::atomic<bool> is_lost_{false};
  mutable std::mutex writing_;
  std::vector<std::optional<Hash256>> written_;  // by us or rechecked; empty until the first one
  std::optional<Hash256>& written(PieceIndex piece);
};

}  // namespace shoal::store
