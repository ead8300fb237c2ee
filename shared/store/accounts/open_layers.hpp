// OpenLayers: the held layers that have readers now; all readers of one share its open file. Inside this room only.
//
// Threads: the loop.
#pragma once

#include <unordered_map>

#include "shared/store/disk/disk.hpp"
#include "shared/store/held_layer.hpp"

namespace shoal::store {

class OpenLayers {
 public:
  explicit OpenLayers(const Disk& disk) : disk_(disk) {}

  // As open_layer, unless it is open already.
  Result<OpenLayerHandle> open(const Digest& digest);
  void add(const Digest& digest, const OpenLayerHandle& layer);  // nothing when it has readers
  bool has_readers(const Digest& digest) const;
  void remove(const Digest& digest) { layers_.erase(digest); }  // its readers keep what they have

 private:
  const Disk& disk_;
  std::unordered_map<Digest, std::weak_ptr<const OpenLayer>> layers_;
};

}  // namespace shoal::store
