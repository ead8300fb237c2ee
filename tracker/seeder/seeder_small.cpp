// Small layers and manifests at the seeder: they have no swarm.
#include "shared/log/log.hpp"
#include "tracker/seeder/room.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker::seeder {

void Seeder::keep_manifest(const SeedRequest& request, Bytes bytes, std::string content_type) {
  if (layers_.contains(request.digest) || parts_.store.find(request.digest)) return;
  const auto reserved = reserve_room(parts_, request, {bytes.size()}, Size::known);
  if (!reserved) return;  // it is fetched when an agent joins it
  const auto layer = std::make_shared<const SmallLayer>(SmallLayer{std::move(bytes), std::move(content_type), {request.repository.upstream}});
  serve_small(request, layer);
  spawn(parts_.loop, store_small(request, FetchedSmall{layer, *reserved}));
}

// From memory, until `store_small` has ended.
void Seeder::serve_small(const SeedRequest& request, const std::shared_ptr<const SmallLayer>& layer) {
  layers_[request.digest] = SmallReady{layer, {}};
  parts_.events.push(LayerKnown{small_info(request.digest, *layer)});
}

Task<void> Seeder::store_small(SeedRequest request, FetchedSmall fetched) {
  const auto layer = fetched.layer;
  if (fetched.reserved.in_memory()) {
    layers_[request.digest] = SmallReady{layer, SmallReady::Unstored{std::move(fetched.reserved), parts_.clock.now()}};
    co_return;
  }
  auto write = [reserved = std::move(fetched.reserved), layer] {
    return store::Store::write_small(reserved, layer->bytes, layer->content_type, layer->upstreams);
  };
  auto committed = co_await parts_.pool.run(std::move(write));
  if (!committed) {
    auto in_memory = reserve_memory(parts_, request, {layer->bytes.size()}, committed.error());
    if (in_memory) {
      layers_[request.digest] = SmallReady{layer, SmallReady::Unstored{std::move(*in_memory), parts_.clock.now()}};
    } else {
      refuse(request, committed.error());
    }
    co_return;
  }
  parts_.store.adopt(std::move(*committed));
  layers_.erase(request.digest);
  log::info("seeder", "small layer stored",
            {{"digest", request.digest.text()}, {"image", request.image()}, {"size_bytes", layer->bytes.size()}});
}

std::shared_ptr<const SmallLayer> Seeder::small(const Digest& digest) const {
  const auto found = layers_.find(digest);
  const auto* small = found == layers_.end() ? nullptr : std::get_if<SmallReady>(&found->second);
  return small != nullptr ? small->layer : nullptr;
}

}  // namespace shoal::tracker::seeder
