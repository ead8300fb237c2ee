// Statuses: a registry's answer that is not the one asked for, as an error.
//
// Threads: `error_of_answer` the loop, else any.
#pragma once

#include <memory>
#include <string>

#include "shared/core/result.hpp"
#include "shared/core/task.hpp"
#include "shared/http/client.hpp"

namespace shoal::origin {

// How long the registry wants not to be asked; 0: it said nothing.
Milliseconds rest_after(const http::ClientResponse& response);

// What the caller may do next after this status, which is not the one asked for: 404 and 410 are `not_found`; what would
// be the same when asked again (401, 403 and the rest of 4xx but 408, 421, 425 and 429) is `refused`; else `unavailable`.
ErrorKind kind_of_status(unsigned status);

// With the challenges of the headers, and the code and the message of the first error in a body of the specification's
// form.
Answered answered_by(unsigned status, const http::Headers& headers, std::string_view body);

// The error of an answer that is not the one asked for, with the time that the registry named and what it answered. Some
// kilobytes of the body are read for its reason. `what`: was asked for.
Task<Error> error_of_answer(std::string what, std::unique_ptr<http::ClientResponse> response);

}  // namespace shoal::origin
