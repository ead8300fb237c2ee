// Disk: the system calls of the store, each of which may be made to fail. Inside this room only.
//
// Errors: errno through from_errno, with what was attempted. Interrupted calls are repeated.
// Threads: any.
#pragma once

#include <string>
#include <utility>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

// One open file, closed at the end. Every descriptor of the store is close-on-exec.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

Result<void> allocate(int file, std::uint64_t size_bytes, Faults* faults);
Result<void> write_at(int file, std::uint64_t offset, ByteView bytes, Faults* faults);
Result<void> read_at(int file, std::uint64_t offset, MutableBytes out, Faults* faults);  // `corrupt` behind the end
Result<void> sync(int file, Faults* faults);
Result<void> truncate(int file, std::uint64_t size_bytes, Faults* faults);
Result<std::uint64_t> size_of(int file);  // bytes
bool is_same_file(int one, int other);
void mark_used(int file);  // now; what the file system cannot remember does not matter
Result<Descriptor> memory_file(std::uint64_t size_bytes);

struct FileStatus {
  std::uint64_t size_bytes = 0;
  std::int64_t last_used_nanoseconds = 0;  // since 1970: read or written, as far as the file system remembers
};

// Names below one directory, which is open. Paths are relative to it.
class Disk {
 public:
  Disk(Descriptor root, Faults* faults) : root_(std::move(root)), faults_(faults) {}

  Result<Descriptor> open(const std::string& path, int flags) const;  // O_CLOEXEC | O_NOFOLLOW, mode 0600
  Result<bool> make_directory(const std::string& path) const;         // mode 0700; false when it is there already
  Result<void> rename(const std::string& from, const std::string& to) const;      // replaces
  Result<bool> rename_new(const std::string& from, const std::string& to) const;  // false when `to` is there already
  Result<void> remove(const std::string& path) const;                             // nothing there is success
  void remove_directory(const std::string& path) const;                           // if it is there and empty
  Result<void> sync_directory(const std::string& path) const;
  bool exists(const std::string& path) const;
  Result<FileStatus> look(const std::string& path) const;  // `corrupt` when it is no regular file
  std::uint64_t free_bytes() const;                        // on the file system, for this user; 0 when it does not say

  Faults* faults() const { return faults_; }
  int root() const { return root_.number(); }

 private:
  Descriptor root_;
  Faults* faults_;
};

}  // namespace shoal::store
