// The layers that a store finds on the disk at its start. Inside this room only.
#pragma once

#include <vector>

#include "shared/core/digest.hpp"
#include "shared/store/disk/disk.hpp"
#include "shared/store/options.hpp"

namespace shoal::store {

struct Found {
  Digest digest;
  ByteCount size;
  std::int64_t last_used_nanoseconds;  // as far as the file system remembers
};
// The visible layers, the least recently used first; files that are no whole layer are removed. Throws StartError.
std::vector<Found> take_stock(const Disk& disk, const Options& options);
// The partial layers that a pull can resume, the oldest first; everything else in partial/ is removed.
std::vector<Found> take_stock_of_partial(const Disk& disk, const Options& options);

}  // namespace shoal::store
