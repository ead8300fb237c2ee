// Relay: what the origin says of a blob, and its refusal as an answer to the runtime.
//
// Threads: `ask_head` the loop, else any.
#pragma once

#include "agent/access/origin_word.hpp"
#include "shared/http/message.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

using access::is_failing;

// The refusal as it came: a runtime needs its challenge. A failing origin becomes 503 with its Retry-After, never 408 or
// 429, which runtimes repeat at once. A 404 gets a body of ours with the origin's code and message, else with `unknown`:
// not every origin sends a registry's JSON, and HEAD brings none.
http::Response relay(const origin::Answer& answer, const std::string& unknown);

// HEAD of a blob, and the size that the answer names.
Task<Result<origin::Answer>> ask_head(origin::Origin& origin, origin::Repository repository, Digest digest,
                                      Secret authorization);
std::optional<ByteCount> named_size(const Result<origin::Answer>& answer);

}  // namespace shoal::agent::registry
