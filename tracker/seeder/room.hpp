// Room for a layer that is fetched: in the store, else in memory. A layer in memory is seeded like any other, and left
// once no agent needs it (Seeder::leave_memory_after): the agents hold it then.
//
// Threads: the loop.
#pragma once

#include "tracker/seeder/parts.hpp"

namespace shoal::tracker::seeder {

enum class Size { known, said_by_agent };  // by the origin or a manifest; or by an agent alone, which may say anything

// The store's error when there is no room in memory either, or the size is not known. Of a layer above
// store::MemoryLimits::largest there is a window.
Result<store::Reserved> reserve_room(const Parts& parts, const SeedRequest& request, ByteCount size, Size from);

// In memory alone, because of `cause` in the store.
Result<store::Reserved> reserve_memory(const Parts& parts, const SeedRequest& request, ByteCount size,
                                       const Error& cause);

}  // namespace shoal::tracker::seeder
