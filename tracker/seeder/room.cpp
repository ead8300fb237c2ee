#include "tracker/seeder/room.hpp"

#include "shared/log/log.hpp"

namespace shoal::tracker::seeder {

Result<store::Reserved> reserve_room(const Parts& parts, const SeedRequest& request, ByteCount size, Size from) {
  auto reserved = parts.store.reserve(request.digest, size);
  if (reserved || size > largest_layer || from == Size::said_by_agent) return reserved;
  auto in_memory = reserve_memory(parts, request, size, reserved.error());
  return in_memory ? std::move(in_memory) : std::move(reserved);
}

Result<store::Reserved> reserve_memory(const Parts& parts, const SeedRequest& request, ByteCount size,
                                       const Error& cause) {
  auto in_memory = parts.store.reserve_in_memory(request.digest, size);
  if (!in_memory) return in_memory;
  parts.metrics.unstored_layers.add();
  log::warning("seeder", "no room for a layer, seeded from memory",
               {{"digest", request.digest.text()},
                {"image", request.image()},
                {"cause", "the store has no room"},
                {"detail", cause.what},
                {"next", "free space or inodes on the store's file system, or raise [store] capacity"}});
  return in_memory;
}

}  // namespace shoal::tracker::seeder
