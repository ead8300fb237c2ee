// One system call of the store, which a fault may replace. Inside this room only.
#pragma once

#include <cerrno>
#include <string>

#include "shared/core/result.hpp"
#include "shared/store/faults.hpp"

namespace shoal::store {

// The call's result, or -1 with errno; a fault comes instead of it. Interrupted calls are repeated.
template <class Call>
auto attempt(Faults* faults, const char* operation, Call call) -> decltype(call()) {
  for (;;) {
    errno = faults == nullptr ? 0 : faults->next(operation);
    const decltype(call()) result = errno == 0 ? call() : -1;
    if (result >= 0 || errno != EINTR) return result;
  }
}

inline tl::unexpected<Error> failed(const std::string& attempted) {
  return tl::unexpected<Error>(from_errno(errno, attempted));
}

}  // namespace shoal::store
