// Disk: the names below the store's directory. Inside this room only. It alone holds the faults that tests plant: each
// file that it opens carries them.
//
// Errors: errno through from_errno, with what was attempted. Interrupted calls are repeated.
// Threads: any.
#pragma once

#include <string>

#include "shared/store/disk/file.hpp"

namespace shoal::store {

struct FileStatus {
  std::uint64_t size_bytes = 0;
  std::int64_t last_used_nanoseconds = 0;  // since 1970: read or written, as far as the file system remembers
};

// Names below one directory, which is open. Paths are relative to it.
class Disk {
 public:
  Disk(File root, Faults* faults) : root_(std::move(root)), faults_(faults) {}

  Result<File> open(const std::string& path, int flags) const;  // O_CLOEXEC | O_NOFOLLOW, mode 0600
  Result<bool> make_directory(const std::string& path) const;         // mode 0700; false when it is there already
  Result<void> rename(const std::string& from, const std::string& to) const;      // replaces
  Result<bool> rename_new(const std::string& from, const std::string& to) const;  // false when `to` is there already
  Result<void> remove(const std::string& path) const;                             // nothing there is success
  void remove_directory(const std::string& path) const;                           // if it is there and empty
  Result<void> sync_directory(const std::string& path) const;
  bool exists(const std::string& path) const;
  Result<FileStatus> look(const std::string& path) const;  // `corrupt` when it is no regular file
  Space space() const;                                     // of the file system; zeros when it does not say

 private:
  int root() const { return root_.descriptor(); }
  File root_;
  Faults* faults_;
};

}  // namespace shoal::store
