// Redirects: which of them are followed, and with which credential, as pure functions of URLs.
// Source: RFC 9110 section 15.4; for the hosts that may see a credential, the Public Suffix List (publicsuffix.org).
//
// Threads: any.
#pragma once

#include <optional>
#include <string>

#include "shared/core/result.hpp"
#include "shared/http/client.hpp"

namespace shoal::origin {

// A registry redirects to its store, and that perhaps to another region: two or three in a row, never five.
inline constexpr int most_redirects = 5;

bool is_redirect(unsigned status);

struct Hop {
  http::Url url;
  bool keeps_authorization = false;  // only when scheme, host and port stay
};

enum class Plain : bool { refused, allowed };  // http behind https

// `refused` from https to http, `unavailable` without a usable Location. Errors never show the new URL: its query is
// often a credential of its own.
Result<Hop> next_hop(const http::Url& from, const std::optional<std::string>& location, Plain plain = Plain::refused);

// Whether `other` has the same owner as `registry`: the same host, or a host at or under the registry's parent domain.
// A parent that different owners have names under makes no host related: "com", "co.uk", "azurecr.io" and what is below
// the domain of such a service.
bool is_related_host(const std::string& registry, const std::string& other);

}  // namespace shoal::origin
