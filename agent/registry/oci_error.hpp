// OCI error bodies, and which one our own failures and the origin's refusals become.
// Never 408 or 429, which containerd repeats at once, many times: our own failure is 404 or 503 at once, so that the
// runtime falls back to its next mirror or to the origin.
// Source: OCI distribution-spec, error codes; docs/endpoint.md.
#pragma once

#include <string>

#include "shared/core/result.hpp"
#include "shared/http/message.hpp"

namespace shoal::agent::registry {

http::Response oci_error(unsigned status, const std::string& code, const std::string& message);

// What the origin refuses keeps its status, its challenges and its reason: with them a runtime logs in. Of what is
// unavailable the time of Retry-After stays. `unknown` is the code for not_found: BLOB_UNKNOWN or MANIFEST_UNKNOWN.
http::Response oci_error(const Error& error, const std::string& unknown);

}  // namespace shoal::agent::registry
