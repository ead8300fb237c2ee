// Faults: which failures of a connection to a registry last, and what the operator looks at.
//
// Threads: any.
#pragma once

#include "shared/core/result.hpp"

namespace shoal::origin {

// Another request now fails alike: it is not repeated as after a 503, and the next ones are spared it (reach.hpp).
inline bool lasts(const Error& error) {
  return error.fault != Fault::none && error.fault != Fault::closed;
}

// What the operator looks at, empty where there is nothing to say. `upstream`: the key of the table in the configuration.
std::string next_step(Fault fault, const std::string& upstream);
// The error with the next step behind its cause.
Error with_next_step(Error error, const std::string& upstream);

// A short word for the log's field.
const char* text(Fault fault);

}  // namespace shoal::origin
