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

// What names stand for: the configured tables with their aliases, and the registry of requests that name none.
struct Upstreams {
  const origin::Options& configured;
  const std::string& by_default;
};

// The upstream is `ns` if the query has it (containerd); else the repository's first component if that names a registry
// (podman, CRI-O; find_registry_in_path); else the header OCI-Namespace (readers of ranges that are configured so); else
// the default. Routes have its key, whatever spelling or alias the request has. A first component that names the same
// registry as `ns` is taken off (k3s' rewrite, override_path), and a one-part name of the Hub is in "library/".
tl::expected<Route, BadRoute> parse_route(const http::Request& request, const Upstreams& upstreams);

}  // namespace shoal::agent::registry
