// Reservation: one layer on its way into the store: its room, its file, and the temporary names of that file. Inside
// this room only.
//
// A large layer's file and its record stand in partial/ under the layer's name. They stay there when the pull ends
// without a layer, for the next one to resume. A small one's file is in tmp/ and is removed with its pull.
//
// Threads: made and ended on the loop; `commit` works on it on a pool thread meanwhile, and the last copy may be dropped
// on any. The caller orders these.
#pragma once

#include <optional>

#include "shared/store/piece_file.hpp"
#include "shared/store/disk/root.hpp"

namespace shoal::store {

// Paths of a layer that has no name yet.
struct TemporaryNames {
  // `number` makes them unique.
  TemporaryNames(const Digest& digest, ByteCount size, std::uint64_t number);
  bool is_partial;   // the data file is in partial/ and has a record
  std::string data;  // of the data file
  std::string side;  // of the side file
};

class Reservation {
 public:
  // On the disk: `make_file` comes next. `replaces_corrupt`: the file that has the layer's name is known to be corrupt.
  Reservation(RootHandle root, const Digest& digest, ByteCount size, std::uint64_t number, bool replaces_corrupt);
  // In memory, with its file.
  Reservation(RootHandle root, const Digest& digest, FileHandle file);
  // Leaves a partial layer that can be resumed, else removes its files.
  ~Reservation();
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  // Resumes what an earlier pull left, or makes a new file. Once it succeeds, the reservation is active until it ends.
  Result<void> make_file();
  void discard() { is_discarded_ = true; }  // nothing of it is left to a later pull; any thread
  // The data file got the layer's name: none of the temporary names is left.
  void data_was_named() { names_.reset(); }
  // The layer is held. Temporary names that are left are removed: another pull's file got the layer's name.
  void end();

  const RootHandle& root() const { return root_; }
  const Digest& digest() const { return digest_; }
  ByteCount size() const { return size_; }
  const FileHandle& file() const { return file_; }
  const std::optional<TemporaryNames>& names() const { return names_; }  // none: in memory, or the data was named
  bool in_memory() const { return in_memory_; }
  bool replaces_corrupt() const { return replaces_corrupt_; }

 private:
  Result<FileHandle> resume() const;
  Result<FileHandle> make_new() const;
  bool can_be_resumed() const;
  void remove_files() const;
  void end_as(Outcome outcome);

  RootHandle root_;
  Digest digest_;
  ByteCount size_;
  bool in_memory_ = false;
  FileHandle file_;
  std::optional<TemporaryNames> names_;
  bool replaces_corrupt_ = false;
  bool is_active_ = false;
  std::atomic<bool> is_discarded_{false};
};

// Limits and windows: MemoryLimits. `no_space` beyond them.
Result<std::shared_ptr<Reservation>> reserve_memory(RootHandle root, const Digest& digest, ByteCount size);

}  // namespace shoal::store
