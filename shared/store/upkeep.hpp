// Upkeep: tends the store while the program runs, so that min_free and `keep` hold also when nothing is pulled.
//
// Threads: the loop.
#pragma once

#include "shared/core/clock.hpp"
#include "shared/store/store.hpp"

namespace shoal::store {

// As often as a kubelet looks at its disk by default: it is to find enough free.
inline constexpr Milliseconds upkeep_every{10'000};

// Once; all of them outlive the loop's tasks.
void start_upkeep(Loop& loop, Clock& clock, Store& store);

}  // namespace shoal::store
