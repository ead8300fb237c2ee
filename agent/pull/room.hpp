// Room for a download: in the store, or in memory while the store has none.
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

// Reserves `size` and begins the download; `refused` when the manifest said another size. `no_space` when it fits
// neither on the disk nor in memory: the caller passes the layer through.
Result<void> make_room(const Parts& parts, Download& download, ByteCount size);

// What to make of a write that the disk refused: the layer need not be kept to be handed over. Wrong bytes stay wrong.
Error not_kept(Error cause);

}  // namespace shoal::agent::pull
