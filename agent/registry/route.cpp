#include "agent/registry/route.hpp"

#include "shared/origin/upstreams.hpp"

namespace shoal::agent::registry {
namespace {

constexpr std::string_view base = "/v2/";
constexpr std::string_view manifests = "/manifests/";
constexpr std::string_view blobs = "/blobs/";

tl::unexpected<BadRoute> bad(unsigned status, std::string code, std::string message) {
  return tl::unexpected<BadRoute>(BadRoute{status, std::move(code), std::move(message)});
}

bool names_a_registry(std::string_view component) {
  if (component.starts_with('.')) return false;
  return component == "localhost" || component.find_first_of(".:") != std::string_view::npos;
}

tl::expected<origin::Repository, BadRoute> parse_repository(std::string name, const http::Request& request,
                                                            const std::string& default_upstream) {
  std::string upstream = default_upstream;
  const std::size_t slash = name.find('/');
  if (request.query.starts_with("ns=") || request.query.find("&ns=") != std::string::npos) {
    const auto ns = request.query_value("ns");
    if (!ns || ns->empty()) return bad(400, "NAME_INVALID", "the ns parameter is not a registry host");
    upstream = *ns;
  } else if (slash != std::string::npos && names_a_registry(std::string_view(name).substr(0, slash))) {
    upstream = name.substr(0, slash);
    name.erase(0, slash + 1);
  }
  if (!origin::is_repository_name(name)) return bad(400, "NAME_INVALID", "invalid repository name");
  return origin::Repository{upstream, name};
}

}  // namespace

tl::expected<Route, BadRoute> parse_route(const http::Request& request, const std::string& default_upstream) {
  const auto decoded = http::percent_decode(request.path);
  if (!decoded) return bad(400, "NAME_INVALID", "the path is not properly encoded");
  const std::string& path = *decoded;
  if (path == "/v2" || path == base) return ApiBase{};
  if (!path.starts_with(base)) return bad(404, "UNSUPPORTED", "not a registry path; the endpoint serves /v2/");

  const std::size_t at_manifest = path.rfind(manifests);
  const std::size_t at_blob = path.rfind(blobs);
  const bool is_manifest = at_manifest != std::string::npos && (at_blob == std::string::npos || at_manifest > at_blob);
  const std::size_t at = is_manifest ? at_manifest : at_blob;
  if (at == std::string::npos || at < base.size())
    return bad(404, "UNSUPPORTED", "only manifests and blobs are served");

  auto repository = parse_repository(path.substr(base.size(), at - base.size()), request, default_upstream);
  if (!repository) return tl::unexpected(repository.error());
  const std::string reference = path.substr(at + (is_manifest ? manifests : blobs).size());
  const auto digest = Digest::parse(reference);
  if (is_manifest && !digest && origin::is_tag(reference)) return ManifestRoute{*repository, reference, std::nullopt};
  if (!digest) return bad(400, "DIGEST_INVALID", digest.error().what);
  if (is_manifest) return ManifestRoute{*repository, {}, *digest};
  return BlobRoute{*repository, *digest};
}

}  // namespace shoal::agent::registry
