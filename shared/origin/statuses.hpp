// Statuses: a registry's answer that is not the one asked for, as an error.
//
// Threads: any.
#pragma once

#include <string>

#include "shared/core/result.hpp"
#include "shared/http/client.hpp"

namespace shoal::origin {

// How long the registry wants not to be asked; 0: it said nothing.
Milliseconds rest_after(const http::ClientResponse& response);

// 404 is `not_found`, 401 and 403 `refused`, the rest `unavailable`, with the time that the registry named. `what`: was
// asked for.
tl::unexpected<Error> error_of_status(const std::string& what, const http::ClientResponse& response);

}  // namespace shoal::origin
