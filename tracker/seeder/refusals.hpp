// Refusals: why a layer is not seeded, told in the log, counted, and as the answer to agents.
//
// Threads: the loop.
#pragma once

#include "shared/core/result.hpp"
#include "tracker/seeder/parts.hpp"
#include "tracker/seeder/remembered_refusals.hpp"

namespace shoal::tracker::seeder {

// A fetch has ended with `cause`.
Refusal refuse_fetch(SeederMetrics& metrics, const SeedRequest& request, const Error& cause);
// What is known without a question to the origin: the registry may not be asked, the name is none, or the same question was
// refused a moment ago and no agent holds the layer.
std::optional<Refusal> refuse_source(const Parts& parts, const RememberedRefusals& remembered, const SeedRequest& request);

}  // namespace shoal::tracker::seeder
