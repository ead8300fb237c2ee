// Faults: makes a chosen system call of the store fail. Tests and fault runs only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace shoal::store {

// Of a file system, for this user.
struct Space {
  std::uint64_t size_bytes = 0;
  std::uint64_t free_bytes = 0;
};

// Threads: that of the caller of the operation, so any.
class Faults {
 public:
  virtual ~Faults() = default;
  // Called before each operation: "open", "allocate", "write", "sync", "truncate", "look", "rename", "remove", "read".
  // Zero lets it happen, anything else is the errno it fails with; after EINTR it is tried again, as by the kernel's
  // rule.
  virtual int next(const char* operation) = 0;
  // How many of `wanted` bytes the "read" or "write" that follows may move, at least 1.
  virtual std::size_t most(std::size_t wanted) { return wanted; }
  // What the file system says of itself; nothing: the truth.
  virtual std::optional<Space> space() { return std::nullopt; }
};

}  // namespace shoal::store
