// HeldLayer: a layer that this node holds, open for reading.
//
// Threads: any.
#pragma once

#include "shared/store/side_file.hpp"
#include "shared/store/verified.hpp"

namespace shoal::store {

struct OpenLayer {
  SideFile side;
  FileHandle file;
};
// Shared: by all readers of the layer, and by each response that is being sent. The layer may be evicted after the last.
using OpenLayerHandle = std::shared_ptr<const OpenLayer>;

// Not evicted while a copy of this, or of a span that it gave, lives.
class HeldLayer {
 public:
  const Digest& digest() const { return open_->side.digest; }
  ByteCount size() const { return {open_->side.size_bytes}; }
  const SideFile& side() const { return open_->side; }
  // The file by itself does not keep the layer from being evicted.
  const FileHandle& file() const { return open_->file; }
  VerifiedSpan readable(std::uint64_t from) const;  // the rest of the layer from there

 private:
  friend class Store;
  explicit HeldLayer(OpenLayerHandle open) : open_(std::move(open)) {}
  OpenLayerHandle open_;
};

}  // namespace shoal::store
