// PieceFile: the bytes of one layer, while it is being filled and when it is whole. Only `write` changes it, and takes
// verified pieces. So a byte that is read from a written piece is verified.
//
// Threads: any. Pieces are written and read at their own offsets; which piece may be read is the caller's bookkeeping.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "shared/core/result.hpp"
#include "shared/layer/piece_hashes.hpp"
#include "shared/layer/piece_layout.hpp"
#include "shared/store/disk/file.hpp"

namespace shoal::store {

class Record;

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
  PieceFile(File file, PieceLayout layout);
  // Each piece written is noted in the record.
  PieceFile(File file, PieceLayout layout, std::unique_ptr<Record> record);
  // In memory, a window of the layer: pieces are dropped to make room for others. Never more than `window` is resident.
  PieceFile(File file, PieceLayout layout, ByteCount window);
  ~PieceFile();
  PieceFile(const PieceFile&) = delete;
  PieceFile& operator=(const PieceFile&) = delete;

  // Each piece is written once, so that bytes do not change while a reader hashes or sends them. The same piece again
  // succeeds; other bytes in its place are `corrupt`: two streams of one layer may differ.
  Result<WrittenPiece> write(const VerifiedPiece& piece);
  // A piece that the record names, read and hashed again; `corrupt` when the file has other bytes there.
  Result<WrittenPiece> recheck(PieceIndex piece, const Hash256& hash);
  // The piece, when it was written through this file or rechecked.
  std::optional<WrittenPiece> find(PieceIndex piece) const;
  Result<Bytes> read(PieceIndex piece) const;
  // Fills `out` from `offset`; `corrupt` when the file is shorter.
  Result<void> read_at(std::uint64_t offset, MutableBytes out) const;
  Result<void> sync() const;  // fsync: data and size are durable when it succeeds
  // `sync` failed once: the kernel may have dropped pages that it could not write, so a read may return any bytes.
  bool is_lost() const { return is_lost_; }

  // ---- of a window

  bool is_window() const { return window_.has_value(); }
  bool fits(ByteCount more) const;  // whether so much more may be written now
  ByteCount resident() const;
  ByteCount window() const { return window_.value_or(layout_.layer_size()); }
  // The piece is not read any more: its bytes are gone, and `find` still says that it was written.
  void drop(PieceIndex piece);

  // Open on the same file, whatever its name is now.
  bool is_same(const PieceFile& other) const { return file_.is_same(other.file_); }
  void mark_used() const { file_.mark_used(); }  // for the order of eviction after a restart

  const PieceLayout& layout() const { return layout_; }
  int descriptor() const { return file_.descriptor(); }  // for sendfile
  Record* record() const { return record_.get(); }

 private:
  File file_;
  PieceLayout layout_;
  std::unique_ptr<Record> record_;
  mutable std::atomic<bool> is_lost_{false};
  mutable std::mutex writing_;
  std::vector<std::optional<Hash256>> written_;  // by us or rechecked; empty until the first one
  std::optional<ByteCount> window_;
  ByteCount resident_{};       // of a window
  std::vector<bool> dropped_;  // likewise, by piece
  std::optional<Hash256>& written(PieceIndex piece);
};

// Shared: one layer's file is used by the store, by its swarm on the swarm thread and by responses on serve threads. It
// is closed with the last of them, whichever that is.
using FileHandle = std::shared_ptr<PieceFile>;

}  // namespace shoal::store
