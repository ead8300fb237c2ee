#include "shared/store/accounts/open_layers.hpp"

#include "shared/store/disk/layer_files.hpp"

namespace shoal::store {

Result<OpenLayerHandle> OpenLayers::open(const Digest& digest) {
  const auto known = layers_.find(digest);
  if (known != layers_.end()) {
    if (OpenLayerHandle layer = known->second.lock()) return layer;
  }
  auto files = open_layer(disk_, digest);
  if (!files) return tl::unexpected(files.error());
  const PieceLayout layout(ByteCount{files->side.size_bytes});
  auto file = std::make_shared<PieceFile>(std::move(files->data), layout);
  OpenLayerHandle layer = std::make_shared<OpenLayer>(OpenLayer{std::move(files->side), std::move(file)});
  layers_[digest] = layer;
  return layer;
}

void OpenLayers::add(const Digest& digest, const OpenLayerHandle& layer) {
  std::weak_ptr<const OpenLayer>& known = layers_[digest];
  if (known.expired()) known = layer;
}

bool OpenLayers::has_readers(const Digest& digest) const {
  const auto known = layers_.find(digest);
  return known != layers_.end() && !known->second.expired();
}

}  // namespace shoal::store
