#include "agent/registry/endpoint.hpp"

#include <algorithm>

#include "agent/registry/conditions.hpp"
#include "agent/registry/oci_error.hpp"
#include "agent/registry/relay.hpp"
#include "shared/http/secret_header.hpp"
#include "shared/log/log.hpp"

namespace shoal::agent::registry {
namespace {

constexpr std::size_t longest_client = 128;  // of a User-Agent that is logged; "containerd/v2.1.4" has 17

// The program, else the address.
std::string client_of(const http::Request& request) {
  return http::find_header(request.headers, "User-Agent").value_or(request.client).substr(0, longest_client);
}

std::string name_of(const origin::Repository& repository) {
  return repository.upstream + "/" + repository.name;
}

std::string image_of(const ManifestRoute& route) {
  const std::string repository = name_of(route.repository);
  return route.tag.empty() ? repository : repository + ":" + route.tag;
}

Kind kind_of(const Route& route) {
  if (std::holds_alternative<ManifestRoute>(route)) return Kind::manifest;
  if (std::holds_alternative<BlobRoute>(route)) return Kind::blob;
  return std::holds_alternative<ListRoute>(route) ? Kind::list : Kind::base;
}

http::Response response_of(const http::Request& request, const Manifest& manifest) {
  http::Response response;
  response.headers = {{"Content-Type", manifest.content_type},
                      {"Docker-Content-Digest", manifest.digest.text()},
                      {"ETag", entity_tag(manifest.digest)}};
  response.body = std::string(text_of(manifest.body));
  response.length = manifest.size_bytes;
  if (has_already(http::find_header(request.headers, "If-None-Match"), manifest.digest)) response.status = 304;
  return response;
}

// A tag that is not there is the caller's mistake, or its question: cosign asks for many.
void tell_unserved(const ManifestRoute& route, const Error& error) {
  const std::string& registry = route.repository.upstream;
  if (error.kind == ErrorKind::not_found) {
    log::info("registry", "tag not found", {{"registry", registry}, {"image", image_of(route)}, {"cause", error.what}});
  } else {
    log::warning("registry", "tag not served",
                 {{"registry", registry},
                  {"image", image_of(route)},
                  {"cause", error.what},
                  {"next", "look at the registry and its credential"}});
  }
}

}  // namespace

bool is_our_host(const std::string& header, const std::vector<std::string>& hosts) {
  if (http::is_address_or_localhost(header)) return true;
  const auto host = http::parse_host(header);
  if (!host) return false;
  return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& name) { return http::same_name(name, *host); });
}

Endpoint::Endpoint(pull::Parts parts, pull::Pulls& pulls, EndpointOptions options, Observers observers)
    : parts_(parts),
      options_(std::move(options)),
      metrics_(observers.metrics),
      client_header_(parts.clock, options_.client_header_file),
      activity_(observers.activity),
      images_(parts.loop, parts.clock, metrics_, activity_),
      manifests_(parts, pulls, options_.stale_if_error),
      blobs_(parts, pulls, images_, options_.serve),
      lists_(parts.origin, parts.access, parts.clock),
      base_(parts.loop, parts.clock, parts.origin, options_.default_upstream) {}

// The name in a request is a key into the configuration: no other registry is contacted. The runtime goes to the registry
// itself then, and throws our text away: so the log tells it.
std::optional<http::Response> Endpoint::unknown_upstream(const http::Request& request, const Route& route) const {
  const origin::Repository* repository = repository_of(route);
  if (repository == nullptr) return std::nullopt;
  const auto target = origin::find_upstream(parts_.origin.options(), repository->upstream);
  if (target) return std::nullopt;
  metrics_.unknown_registry_requests.add();
  log::warning("registry", "registry not configured",
               {{"registry", repository->upstream},
                {"path", request.path},
                {"client", client_of(request)},
                {"cause", target.error().what},
                {"next", "add it to [upstreams] or allow, at the agents and at the trackers"}});
  return oci_error(404, "NAME_UNKNOWN", target.error().what);
}

std::optional<http::Response> Endpoint::refuse_host(const http::Request& request) const {
  const std::string host = http::find_header(request.headers, "Host").value_or("");
  if (request.is_by_socket_file || is_our_host(host, options_.hosts)) return std::nullopt;
  const std::string cause = "this endpoint is not called \"" + host +
                            "\"; use its address, or add the name to hosts in [registry] of the agent's configuration";
  metrics_.wrong_host_requests.add();
  log::warning("registry", "request for another host",
               {{"host", host},
                {"path", request.path},
                {"client", client_of(request)},
                {"cause", cause},
                {"next", "call it by its address, or add the name to hosts in [registry]"}});
  return oci_error(403, "DENIED", cause);
}

std::optional<http::Response> Endpoint::refuse_unknown_client(const http::Request& request) {
  if (client_header_.admits(request)) return std::nullopt;
  metrics_.unknown_client_requests.add();
  log::warning("registry", "request without the client header",
               {{"file", options_.client_header_file},
                {"path", request.path},
                {"client", client_of(request)},
                {"cause", "the request does not have the header that client_header_file names, exactly once"},
                {"next", "write the file's header into the runtime's hosts.toml; else another user of this host asked"}});
  return oci_error(403, "DENIED",
                   "this endpoint answers only requests with the header in client_header_file of the agent's [registry]; "
                   "write that header into the runtime's hosts.toml, as docs/endpoint.md shows");
}

// The refusals that do not depend on the path.
std::optional<http::Response> Endpoint::refusal(const http::Request& request) {
  if (auto refused = refuse_host(request)) return refused;
  if (auto refused = refuse_unknown_client(request)) return refused;
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  auto response = refuse_route(request, {405, "UNSUPPORTED", "this registry endpoint is read-only"});
  response.headers.push_back({"Allow", "GET, HEAD"});
  return response;
}

http::Response Endpoint::refuse_route(const http::Request& request, const BadRoute& cause) const {
  metrics_.unserved_requests.add();
  log::warning("registry", "request not served",
               {{"method", request.method},
                {"path", request.path},
                {"client", client_of(request)},
                {"cause", cause.message},
                {"next", "ask the registry itself; a path without /v2/ is a wrong mirror configuration"}});
  return oci_error(cause.status, cause.code, cause.message);
}

Task<void> Endpoint::handle(http::Exchange& exchange) {
  MeteredExchange metered(exchange, parts_.clock);
  co_await answer(metered);
  count(metered);
}

void Endpoint::count(const MeteredExchange& exchange) {
  metrics_.requests.add(exchange.kind, exchange.status());
  if (exchange.kind == Kind::list && !exchange.failed()) {
    metrics_.served_bytes.at(static_cast<std::size_t>(pull::Source::origin)).add(exchange.sent_bytes());
  }
  const bool is_layer = exchange.kind == Kind::manifest || exchange.kind == Kind::blob;
  if (!is_layer || exchange.failed() || !exchange.first_byte()) return;
  metrics_.first_byte.observe(exchange.length(), *exchange.first_byte() - exchange.asked());
}

activity::Caller Endpoint::caller_of(const http::Request& request, const origin::Repository& repository) const {
  const Secret authorization = http::secret_header(request.headers, "Authorization");
  return {.client = client_of(request),
          .address = request.client,
          .authority = parts_.access.authority_of({repository, authorization})};
}

// Of an image or a layer. A faulty Range is the client's own mistake.
void Endpoint::tell_refusal(const MeteredExchange& exchange, const Route& route) {
  const unsigned status = exchange.status();
  if (activity_ == nullptr || !activity_->is_on() || status < 400 || status == 416) return;
  const auto* manifest = std::get_if<ManifestRoute>(&route);
  const auto* blob = std::get_if<BlobRoute>(&route);
  if (manifest == nullptr && blob == nullptr) return;
  const std::string repository = name_of(*repository_of(route));
  activity_->tell(activity::Refused{.repository = repository,
                                    .image = manifest ? image_of(*manifest) : repository,
                                    .digest = manifest ? manifest->digest : blob->digest,
                                    .caller = caller_of(exchange.request(), *repository_of(route)),
                                    .status = status,
                                    .at = exchange.asked()});
}

Task<void> Endpoint::answer(MeteredExchange& exchange) {
  const http::Request& request = exchange.request();
  if (auto refused = refusal(request)) {
    co_await exchange.respond(std::move(*refused));
    co_return;
  }
  const auto route = parse_route(request, {parts_.origin.options(), options_.default_upstream});
  if (!route) {
    auto response = refuse_route(request, route.error());
    co_await exchange.respond(std::move(response));
    co_return;
  }
  exchange.kind = kind_of(*route);
  if (auto unknown = unknown_upstream(request, *route)) {
    co_await exchange.respond(std::move(*unknown));
  } else if (const auto* manifest_route = std::get_if<ManifestRoute>(&*route)) {
    co_await manifest(exchange, *manifest_route);
  } else if (const auto* blob_route = std::get_if<BlobRoute>(&*route)) {
    co_await blob(exchange, *blob_route);
  } else if (const auto* list_route = std::get_if<ListRoute>(&*route)) {
    co_await lists_.answer(exchange, *list_route);
  } else {
    co_await base_.answer(exchange);
  }
  tell_refusal(exchange, *route);
}

Task<void> Endpoint::blob(MeteredExchange& exchange, BlobRoute route) {
  if (exchange.request().method == "HEAD") {
    co_await blobs_.answer(exchange, std::move(route));
    co_return;
  }
  images_.begin_blob(exchange, {.repository = name_of(route.repository),
                                .digest = route.digest,
                                .caller = caller_of(exchange.request(), route.repository),
                                .asked = exchange.asked()});
  co_await blobs_.answer(exchange, std::move(route));
  images_.end_blob(exchange, exchange.status());
}

Task<void> Endpoint::manifest(MeteredExchange& exchange, ManifestRoute route) {
  const http::Request& request = exchange.request();
  // docker names its types in another order each time, and LastKnown remembers a tag by its accepted types.
  const std::string accept = http::sorted_list(http::find_header(request.headers, "Accept").value_or(""));
  ManifestQuestion question{.route = route,
                            .accept = accept,
                            .authorization = http::secret_header(request.headers, "Authorization"),
                            .head_only = request.method == "HEAD"};
  auto answer = co_await manifests_.answer(std::move(question));
  http::Response response;
  ImagePulls::Number pull = 0;
  if (!answer) {
    if (!route.digest) tell_unserved(route, answer.error());  // the pull path has logged the failure of a digest
    response = oci_error(answer.error(), "MANIFEST_UNKNOWN");
  } else if (const auto* refused = std::get_if<origin::Answer>(&*answer)) {
    if (refused->status == 404 && !route.digest) tell_unserved(route, {ErrorKind::not_found, "the origin has no such tag"});
    response = relay(*refused, "MANIFEST_UNKNOWN");
  } else {
    Manifest& manifest = std::get<Manifest>(*answer);
    pull = images_.see({.repository = name_of(route.repository),
                        .image = image_of(route),
                        .by_tag = !route.digest,
                        .digest = manifest.digest,
                        .caller = caller_of(request, route.repository),
                        .asked = exchange.asked(),
                        .names = std::move(manifest.names)});
    response = response_of(request, manifest);
  }
  const bool has_body = answer && response.status == 200;
  co_await exchange.respond(std::move(response));
  if (!has_body) co_return;
  const auto* manifest = std::get_if<Manifest>(&*answer);
  if (manifest != nullptr && exchange.sent_bytes() > 0) images_.serve(pull, manifest->sources);
}

}  // namespace shoal::agent::registry
