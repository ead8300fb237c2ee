// Options: where a store is, and how much it may take.
#pragma once

#include <string>

#include "shared/core/units.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

// The programs' default. A kubelet evicts pods below 15 % free, by its own default for images, and below 10 % in any case.
inline constexpr ByteShare default_min_free = ByteShare::percent(10);

// Layers that are only in memory, because the disk or the capacity has no room for them.
struct MemoryLimits {
  // Up to this size a layer is there as a whole. Of a larger one this is the window: four chunks of 8 MiB that a runtime
  // reads at once, and half as much before them and behind them.
  ByteCount largest = 64_MiB;
  ByteCount all = 256_MiB;  // of all together: a few large layers at once, as a runtime pulls them, or many small ones
};

struct Options {
  std::string path = "/var/lib/shoal";
  ByteShare capacity = 50_GiB;  // per cent: of the file system, as large as it is at the start
  Faults* faults = nullptr;
  ByteShare min_free{};    // of the file system, for all its other users; 0: none, so that tests need no empty disk
  Milliseconds keep{0};    // a layer that nobody used for so long is dropped; 0: never
  MemoryLimits memory{};   // no keys: what a pull needs does not depend on the node
};

}  // namespace shoal::store
