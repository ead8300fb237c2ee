// Faults: makes a chosen system call of the store fail. Tests and fault runs only.
#pragma once

#include <cstddef>

namespace shoal::store {

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
};

}  // namespace shoal::store
