// Redirects: what following one may do, as pure functions of URLs.
// Source: evidence/security.md, section 1 (credential leaks of other systems); RFC 9110 section 15.4.
//
// Threads: any.
#pragma once

#include <optional>
#include <string>

#include "shared/core/result.hpp"
#include "shared/http/client.hpp"

namespace shoal::origin {

inline constexpr int most_redirects = 5;

bool is_redirect(unsigned status);

struct Hop {
  http::Url url;
  bool keeps_authorization = false;  // only when scheme, host and port stay
};

// `refused` from https to http, `unavailable` without a usable Location. Errors never show the new URL: its query is
// often a credential of its own.
Result<Hop> next_hop(const http::Url& from, const std::optional<std::string>& location);

// Whether `other` belongs to who runs `registry`: the same host, or one under (or at) the registry's parent domain. A
// parent under which anybody may register, such as "com" or "co.uk", counts for nothing.
bool is_related_host(const std::string& registry, const std::string& other);

}  // namespace shoal::origin
