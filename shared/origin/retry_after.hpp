// Retry-After: how long an overloaded registry asks not to be asked again, and the registries that have said so.
//
// Threads: the loop.
#pragma once

#include <map>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/http/message.hpp"

namespace shoal::origin {

inline constexpr Milliseconds longest_retry_after{60'000};  // a registry that says a day is asked again all the same

// Seconds, or a date against the answer's own Date, so that no clock of ours counts. 0 when it is absent or makes no
// sense. Source: RFC 9110 sections 10.2.3 and 5.6.7 (the preferred form of a date).
Milliseconds retry_after(const http::Headers& headers);

// The registries that may not be asked now. At most 1,024: the one that may be asked first makes room.
class RetryAfter {
 public:
  explicit RetryAfter(Clock& clock) : clock_(clock) {}
  void note(const std::string& upstream, Milliseconds time);
  Milliseconds left(const std::string& upstream) const;  // 0: it may be asked

 private:
  Clock& clock_;
  std::map<std::string, Time> until_;
};

}  // namespace shoal::origin
