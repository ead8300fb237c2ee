// try_port: whether a TCP port answers.
//
// Threads: the loop.
#pragma once

#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

// A connection, closed at once. `unavailable` when there is none within `limit`.
Task<Result<void>> try_port(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit);

}  // namespace shoal::http
