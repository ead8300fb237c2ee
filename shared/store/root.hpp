// Root: the open directory of one store, the names in it, and what reservations share with the Store and may outlive
// it. Inside this room only.
//
// Threads: any.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "shared/core/units.hpp"
#include "shared/store/disk.hpp"
#include "shared/store/side_file.hpp"
#include "shared/store/store.hpp"

namespace shoal::store {

struct Root {
  Disk disk;
  Descriptor lock;                             // as long as anybody may still write
  std::atomic<std::uint64_t> memory_bytes{0};  // of layers that are only in memory
};

std::string directory_of(const Digest& digest);  // "layers/sha256/ab"
std::string data_path(const Digest& digest);
std::string side_path(const Digest& digest);
std::string partial_path(const Digest& digest);  // "partial/sha256-abcd..."
std::string record_path(const Digest& digest);   // the same and ".pieces"

// Both files of a visible layer that agree with each other and its name.
struct OpenedLayer {
  Descriptor data;  // for reading
  Side side;
};
// `not_found` or `corrupt` when there is no such layer, other kinds when the system does not let us look now.
Result<OpenedLayer> open_layer(const Disk& disk, const Digest& digest);

// The data file first: without it the layer is gone, and a side file that cannot be removed is an orphan, for the next
// start to remove.
Result<void> remove_layer(const Disk& disk, const Digest& digest);
Result<void> remove_partial(const Disk& disk, const Digest& digest);

// Opens and locks the store's directory and empties tmp/. Throws StartError.
std::shared_ptr<Root> open_root(const Options& options);

struct Found {
  Digest digest;
  ByteCount size;
  std::int64_t last_used_nanoseconds;  // as far as the file system remembers
};
// The visible layers, the least recently used first; what is not whole is removed. Throws StartError.
std::vector<Found> take_stock(const Root& root, const Options& options);
// The partial layers that a pull can take up, the oldest first; everything else in partial/ is removed.
std::vector<Found> take_stock_of_partial(const Root& root, const Options& options);

}  // namespace shoal::store
