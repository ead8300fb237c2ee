// Route: what a request to the registry endpoint asks for, parsed once, where it enters.
// Source: OCI distribution-spec, pull and content discovery; docs/endpoint.md.
#pragma once

#include <string>
#include <variant>

#include "shared/core/digest.hpp"
#include "shared/http/message.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::registry {

struct ApiBase {};  // /v2/

struct ManifestRoute {
  origin::Repository repository;
  std::string tag;  // one of the two
  std::optional<Digest> digest;
};

struct BlobRoute {
  origin::Repository repository;
  Digest digest;
};

// A list that only the origin knows: "tags/list", "referrers/<digest>", or "_catalog" of a registry.
struct ListRoute {
  origin::Repository repository;  // without a name for "_catalog"
  std::string list;
  std::optional<Digest> subject;  // of "referrers"
};

using Route = std::variant<ApiBase, ManifestRoute, BlobRoute, ListRoute>;

// The repository that a route is about; nothing for the base.
const origin::Repository* repository_of(const Route& route);

// Why a request has no route: an OCI error code and its status.
struct BadRoute {
  unsigned status;
  std::string code;
  std::string message;
};

// The upstream is `ns` if the query has it (containerd); else the repository's first component if it has "." or ":" or
// is "localhost" (podman, CRI-O); else the header OCI-Namespace (readers of ranges that are configured so); else
// `default_upstream`.
tl::expected<Route, BadRoute> parse_route(const http::Request& request, const std::string& default_upstream);

}  // namespace shoal::agent::registry
