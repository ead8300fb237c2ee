// Root: the open directory of one store, and what reservations tell the store. Inside this room only.
//
// Threads: any.
#pragma once

#include <atomic>
#include <memory>

#include "shared/store/disk/disk.hpp"
#include "shared/store/reservation/ended.hpp"
#include "shared/store/options.hpp"

namespace shoal::store {

struct Root {
  Disk disk;
  File lock;  // held while anything may still be written
  EndQueue ended{};
  MemoryLimits memory{};
  std::atomic<std::uint64_t> memory_bytes{0};  // of layers that are only in memory
};

// Shared: a reservation may outlive the Store, on another thread, and removes its files at its end.
using RootHandle = std::shared_ptr<Root>;

// Opens and locks the store's directory and empties tmp/. Throws StartError.
RootHandle open_root(const Options& options);

}  // namespace shoal::store
