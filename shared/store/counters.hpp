// Counters: what a store counts of its room; shared/store/metrics.cpp puts them on the page.
//
// Threads: written on the loop.
#pragma once

#include <array>

#include "shared/metrics/metrics.hpp"

namespace shoal::store {

// Why a layer is evicted.
enum class Cause {
  capacity,   // the store's own limit
  min_free,   // the file system has less free than its other users are to have
  disk_full,  // the file system refused, before min_free was reached
  unused,     // nobody used the layer for `keep`
};
inline constexpr std::array all_causes{Cause::capacity, Cause::min_free, Cause::disk_full, Cause::unused};
const char* text(Cause cause);

struct Counters {
  std::array<metrics::Counter, all_causes.size()> evicted_layers;  // by cause
  metrics::Counter no_space;                                       // reservations that were refused for want of room

  const metrics::Counter& evicted(Cause cause) const { return evicted_layers[static_cast<std::size_t>(cause)]; }
  metrics::Counter& evicted(Cause cause) { return evicted_layers[static_cast<std::size_t>(cause)]; }
};

}  // namespace shoal::store
