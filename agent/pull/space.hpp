// Space for a download: in the store, or in memory while the store has none.
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

// `refused` when the asker's manifest said another size.
Result<void> agree_on_size(const Ask& ask, ByteCount size);

// Reserves `size` and begins the download. A layer that fits
// neither on the disk nor in memory gets a window. `no_space` when too many layers are in memory: the caller passes the
// layer through.
Result<void> reserve_space(const Parts& parts, Download& download, ByteCount size);

// The error of an operation that the disk refused, for whatever reason: the layer can be served without storing it
// (ErrorKind::no_space). Wrong bytes stay `corrupt`.
Error storage_error(Error cause);

}  // namespace shoal::agent::pull
