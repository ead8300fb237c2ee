// The date, for the end of tokens: the only thing here that follows a clock that is set. One that is wrong makes grants
// shorter, or as long as they are at most.
//
// Threads: any.
#pragma once

#include <chrono>

namespace shoal::agent::access {

std::chrono::seconds date();  // since 1970

}  // namespace shoal::agent::access
