#include "agent/registry/endpoint.hpp"

#include <algorithm>

#include "agent/registry/conditions.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {

bool is_our_host(const std::string& header, const std::vector<std::string>& hosts) {
  if (http::is_address_or_localhost(header)) return true;
  const auto host = http::parse_host(header);
  if (!host) return false;
  return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& name) { return http::same_name(name, *host); });
}

Endpoint::Endpoint(pull::Parts parts, pull::Pulls& pulls, EndpointOptions options)
    : parts_(parts),
      options_(std::move(options)),
      manifests_(parts, pulls, options_.stale_if_error),
      blobs_(parts, pulls, manifests_.descriptors(), options_.serve),
      lists_(parts.origin) {}

// The name in a request is a key into the configuration: no other registry is contacted.
std::optional<Error> Endpoint::unknown_upstream(const Route& route) const {
  const origin::Repository* repository = repository_of(route);
  if (repository == nullptr) return std::nullopt;
  const auto target = origin::find_upstream(parts_.origin.options(), repository->upstream);
  if (target) return std::nullopt;
  return target.error();
}

// The refusals that do not depend on the path.
std::optional<http::Response> Endpoint::refusal(const http::Request& request) const {
  const std::string host = http::find_header(request.headers, "Host").value_or("");
  if (!is_our_host(host, options_.hosts)) {
    return oci_error(403, "DENIED",
                     "this endpoint is not called \"" + host +
                         "\"; use its address, or add the name to hosts in [registry] of the agent's configuration");
  }
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  http::Response response = oci_error(405, "UNSUPPORTED", "this registry endpoint is read-only");
  response.headers.push_back({"Allow", "GET, HEAD"});
  return response;
}

Task<void> Endpoint::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (auto refused = refusal(request)) {
    co_await exchange.respond(std::move(*refused));
    co_return;
  }
  const auto route = parse_route(request, options_.default_upstream);
  if (!route) {
    auto response = oci_error(route.error().status, route.error().code, route.error().message);
    co_await exchange.respond(std::move(response));
  } else if (auto unknown = unknown_upstream(*route)) {
    co_await exchange.respond(oci_error(404, "NAME_UNKNOWN", unknown->what));
  } else if (const auto* manifest_route = std::get_if<ManifestRoute>(&*route)) {
    co_await manifest(exchange, *manifest_route);
  } else if (const auto* blob_route = std::get_if<BlobRoute>(&*route)) {
    co_await blobs_.answer(exchange, *blob_route);
  } else if (const auto* list_route = std::get_if<ListRoute>(&*route)) {
    co_await lists_.answer(exchange, *list_route);
  } else {
    http::Response pong;
    pong.headers = {{"Content-Type", "application/json"}, {"Docker-Distribution-Api-Version", "registry/2.0"}};
    pong.body = "{}";
    co_await exchange.respond(std::move(pong));
  }
}

Task<void> Endpoint::manifest(http::Exchange& exchange, ManifestRoute route) {
  const http::Request& request = exchange.request();
  const bool by_tag = !route.digest;
  // docker names its types in another order each time, and LastKnown remembers a tag by its accepted types.
  const std::string accept = http::sorted_list(http::find_header(request.headers, "Accept").value_or(""));
  ManifestQuestion question{.route = std::move(route),
                            .accept = accept,
                            .authorization = http::find_header(request.headers, "Authorization").value_or(""),
                            .head_only = request.method == "HEAD"};
  auto answer = co_await manifests_.answer(std::move(question));
  http::Response response;
  if (!answer) {
    // The pull path has logged the failure of a digest.
    if (by_tag) log::warning("registry", "tag not served", {{"path", request.path}, {"cause", answer.error().what}});
    response = oci_error(answer.error(), "MANIFEST_UNKNOWN");
  } else if (const auto* refused = std::get_if<origin::Answer>(&*answer)) {
    response = relay(*refused, "MANIFEST_UNKNOWN");
  } else {
    const Manifest& manifest = std::get<Manifest>(*answer);
    response.headers = {{"Content-Type", manifest.content_type},
                        {"Docker-Content-Digest", manifest.digest.text()},
                        {"ETag", entity_tag(manifest.digest)}};
    response.body = std::string(text_of(manifest.body));
    response.length = manifest.size_bytes;
    if (has_already(http::find_header(request.headers, "If-None-Match"), manifest.digest)) response.status = 304;
  }
  co_await exchange.respond(std::move(response));
}

}  // namespace shoal::agent::registry
