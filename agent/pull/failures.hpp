// Failures of pulls, told once each: in the log, with what to look at, and in the metrics.
//
// Threads: the loop.
#pragma once

#include "agent/pull/ask.hpp"
#include "agent/pull/metrics.hpp"
#include "shared/core/result.hpp"

namespace shoal::agent::pull {

// The layer is not delivered to who asked so; `again`: another attempt follows.
void tell_failure(const Ask& ask, const Error& error, bool again, Metrics& metrics);

}  // namespace shoal::agent::pull
