// Refusals: why a layer is not seeded, told in the log, counted, and as the answer to agents.
//
// Threads: the loop.
#pragma once

#include "shared/core/result.hpp"
#include "tracker/seeder/metrics.hpp"
#include "tracker/seeder/request.hpp"

namespace shoal::tracker::seeder {

// A fetch has ended with `cause`.
Refusal refuse_fetch(SeederMetrics& metrics, const SeedRequest& request, const Error& cause);
// The registry may not be asked: it is not configured, or out of reach. shared/origin has told it.
Refusal refuse_registry(SeederMetrics& metrics, const Error& cause);

}  // namespace shoal::tracker::seeder
