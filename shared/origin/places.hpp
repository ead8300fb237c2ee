// Place: one host that a request leads to, a registry or a redirect's target, and what our configuration says of it.
//
// Threads: any.
#pragma once

#include <optional>
#include <string>

#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

struct Place {
  Target target;           // whose credential, rules and trust count here
  http::Url url;           // of the request
  std::string repository;  // its name here; empty for the registry itself
  std::optional<http::Reach> registry;  // of the address by which the registry answered; nothing before it has
  bool is_registry = false;         // the target's own host: its `/v2/` is asked when a credential is configured
  bool may_see_credential = false;  // the target's

  std::string key() const;  // of what is known of this host for this repository
};

// "lib/a" of "/v2/lib/a/manifests/v1"; nothing of another path.
std::optional<std::string> repository_in(std::string_view path);

// "https://HOST[:PORT]".
std::string name_of(const http::Url& url);

// The registry of `target`, asked at `url` for `repository` of that name in the caller's words.
Place place_of_registry(const Target& target, http::Url url, const std::string& repository);

// Where the registry of `before` redirects to. It is that registry's place again, or the one of another upstream that is
// configured for the very host, with that one's credential. A host that is related to the registry may see its credential
// too, never over plain http for a registry on https. Any other host is asked without one.
Place place_behind(const Options& options, const Place& before, http::Url url);

// The request without its method and headers.
http::ClientRequest request_at(const Place& place, const http::ClientLimits& limits);

}  // namespace shoal::origin
