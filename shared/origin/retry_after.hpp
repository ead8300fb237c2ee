// Retry-After: how long an overloaded registry asks not to be asked again.
//
// Threads: any.
#pragma once

#include "shared/core/units.hpp"
#include "shared/http/message.hpp"

namespace shoal::origin {

inline constexpr Milliseconds longest_retry_after{60'000};  // a registry that says a day is asked again all the same

// Seconds, or a date against the answer's own Date, so that no clock of ours counts. 0 when it is absent or makes no
// sense. Source: RFC 9110 sections 10.2.3 and 5.6.7 (the preferred form of a date).
Milliseconds retry_after(const http::Headers& headers);

}  // namespace shoal::origin
