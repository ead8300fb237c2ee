// File: one open file of the store, closed at the end. Disk makes it; the system calls on it may be made to fail.
//
// Errors: errno through from_errno, with what was attempted. Interrupted calls are repeated. Every descriptor is
// close-on-exec. Threads: any.
#pragma once

#include <utility>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

class File {
 public:
  explicit File(int descriptor, Faults* faults = nullptr) : descriptor_(descriptor), faults_(faults) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), faults_(other.faults_) {}
  File& operator=(File&&) = delete;
  ~File();

  Result<void> allocate(std::uint64_t size_bytes) const;
  Result<void> write_at(std::uint64_t offset, ByteView bytes) const;
  Result<void> read_at(std::uint64_t offset, MutableBytes out) const;  // `corrupt` behind the end
  Result<void> sync() const;                                           // fsync
  Result<void> truncate(std::uint64_t size_bytes) const;
  void punch(std::uint64_t offset, std::uint64_t length) const;  // those bytes take no room any more, and read as zeros
  Result<std::uint64_t> size() const;  // bytes; `corrupt` when it is no regular file
  bool is_same(const File& other) const;
  void mark_used() const;  // now; a file system that does not record it changes only the order of eviction

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  Faults* faults_;
};

Result<File> make_memory_file(std::uint64_t size_bytes);

}  // namespace shoal::store
