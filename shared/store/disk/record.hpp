// Record: which pieces of a partial layer are in its file, beside that file, so that a pull can be resumed after a
// restart. It is never synchronised: each piece is read and hashed again before it counts (PieceFile::recheck).
// Format: record_format.hpp.
//
// Threads: `note` from any; the rest from one.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "shared/store/disk/file.hpp"
#include "shared/store/disk/record_format.hpp"

namespace shoal::store {

class Record {
 public:
  // Starts a record in an empty file.
  static Result<std::unique_ptr<Record>> create(File file, const RecordHead& head);
  // Continues the record in the file: `corrupt` when it is not of this layer.
  static Result<std::unique_ptr<Record>> open(File file, const Digest& digest, ByteCount size);

  // The piece is in the layer's file. A record that cannot be written is given up: it costs a download, not the layer.
  void note(PieceIndex piece, const Hash256& hash);
  Result<std::vector<NotedPiece>> pieces() const;
  bool empty() const { return !any_; }
  Generation generation() const { return head_.generation; }
  const Hash256& source() const { return head_.source; }
  Result<void> set_source(const Hash256& source);
  // The pieces to come belong to another generation. Those noted are erased.
  Result<void> start_generation(Generation generation);
  // The pieces noted and to come belong to no swarm.
  Result<void> leave_generations();

 private:
  Record(File file, RecordHead head) : file_(std::move(file)), head_(head) {}
  File file_;
  RecordHead head_;
  std::atomic<bool> any_{false};
  std::atomic<bool> given_up_{false};
};

}  // namespace shoal::store
