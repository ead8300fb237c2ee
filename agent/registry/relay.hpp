// Relay: what the origin refused, as an answer to the runtime.
//
// Threads: any.
#pragma once

#include "shared/http/message.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

// The origin cannot answer now: nothing that it said, and nothing that counts for tomorrow.
bool is_failing(const origin::Answer& answer);

// The refusal as it came: its challenge is the way to its credentials. A failing origin becomes 503, never 408 or 429,
// which runtimes hammer. A 404 is told in our words, with `unknown` as its code: not every origin sends a registry's
// JSON, and HEAD brings none.
http::Response relay(const origin::Answer& answer, const std::string& unknown);

}  // namespace shoal::agent::registry
