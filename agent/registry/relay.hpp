// Relay: a refusal of the origin, as an answer to the runtime.
//
// Threads: any.
#pragma once

#include "shared/http/message.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

// The origin cannot answer now: its answer says nothing about the layer, and is not remembered.
bool is_failing(const origin::Answer& answer);

// The refusal as it came: a runtime needs its challenge. A failing origin becomes 503, never 408 or 429, which runtimes
// repeat at once. A 404 gets a body of ours, with `unknown` as its code: not every origin sends a registry's JSON, and
// HEAD brings none.
http::Response relay(const origin::Answer& answer, const std::string& unknown);

}  // namespace shoal::agent::registry
