// Faults: makes a chosen system call of the store fail. Tests and fault runs only.
#pragma once

namespace shoal::store {

// Threads: that of the caller of the operation, so any.
class Faults {
 public:
  virtual ~Faults() = default;
  // Called before each operation: "open", "allocate", "write", "sync", "truncate", "look", "rename", "remove", "read".
  // Zero lets it happen, anything else is the errno it fails with.
  virtual int next(const char* operation) = 0;
};

}  // namespace shoal::store
