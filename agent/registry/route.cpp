#include "agent/registry/route.hpp"

#include "shared/origin/registry_name.hpp"

namespace shoal::agent::registry {
namespace {

constexpr std::string_view base = "/v2/";
constexpr std::string_view manifests = "/manifests/";
constexpr std::string_view blobs = "/blobs/";
constexpr std::string_view referrers = "/referrers/";
constexpr std::string_view tags_list = "/tags/list";
constexpr std::string_view catalog = "_catalog";

tl::unexpected<BadRoute> bad(unsigned status, std::string code, std::string message) {
  return tl::unexpected<BadRoute>(BadRoute{status, std::move(code), std::move(message)});
}

bool has_ns(const http::Request& request) {
  return request.query.starts_with("ns=") || request.query.find("&ns=") != std::string::npos;
}

// Whether the first component of a name says the same as `ns`, by the grammar of names or by its letters.
bool repeats(const Upstreams& upstreams, const std::string& component, const std::string& of_ns) {
  return origin::find_registry(upstreams.configured, component) == of_ns ||
         origin::find_registry_in_path(upstreams.configured, component) == of_ns;
}

// Which registry, and takes its name off the front of `name` when it stands there.
tl::expected<std::string, BadRoute> take_upstream(std::string& name, const http::Request& request,
                                                  const Upstreams& upstreams) {
  const std::size_t slash = name.find('/');
  const std::string first = slash == std::string::npos ? std::string() : name.substr(0, slash);
  if (has_ns(request)) {
    const auto ns = request.query_value("ns");
    if (!ns || ns->empty()) return bad(400, "NAME_INVALID", "the ns parameter is not a registry host");
    std::string upstream = origin::find_registry(upstreams.configured, *ns);
    if (!first.empty() && repeats(upstreams, first, upstream)) name.erase(0, slash + 1);
    return upstream;
  }
  if (auto upstream = origin::find_registry_in_path(upstreams.configured, first)) {
    name.erase(0, slash + 1);
    return std::move(*upstream);
  }
  const auto header = http::find_header(request.headers, "OCI-Namespace");
  if (header && header->empty()) return bad(400, "NAME_INVALID", "the OCI-Namespace header is not a registry host");
  return origin::find_registry(upstreams.configured, header.value_or(upstreams.by_default));
}

tl::expected<origin::Repository, BadRoute> parse_repository(std::string name, const http::Request& request,
                                                            const Upstreams& upstreams) {
  auto upstream = take_upstream(name, request, upstreams);
  if (!upstream) return tl::unexpected(upstream.error());
  if (*upstream == origin::hub && name.find('/') == std::string::npos) name.insert(0, "library/");
  if (!origin::is_repository_name(name)) return bad(400, "NAME_INVALID", "invalid repository name");
  return origin::Repository{std::move(*upstream), std::move(name)};
}

// A path behind /v2/ in its parts.
struct Parts {
  std::string repository;
  std::string_view word;  // with its slashes
  std::string reference;
};

// The last word counts: a repository may itself be called "blobs".
std::optional<Parts> split(const std::string& path) {
  if (path.ends_with(tags_list)) return Parts{path.substr(0, path.size() - tags_list.size()), tags_list, {}};
  std::size_t at = std::string::npos;
  std::string_view found;
  for (const std::string_view word : {manifests, blobs, referrers}) {
    const std::size_t place = path.rfind(word);
    if (place == std::string::npos || (at != std::string::npos && place < at)) continue;
    at = place;
    found = word;
  }
  if (at == std::string::npos) return std::nullopt;
  return Parts{path.substr(0, at), found, path.substr(at + found.size())};
}

}  // namespace

const origin::Repository* repository_of(const Route& route) {
  if (const auto* manifest = std::get_if<ManifestRoute>(&route)) return &manifest->repository;
  if (const auto* blob = std::get_if<BlobRoute>(&route)) return &blob->repository;
  if (const auto* list = std::get_if<ListRoute>(&route)) return &list->repository;
  return nullptr;
}

tl::expected<Route, BadRoute> parse_route(const http::Request& request, const Upstreams& upstreams) {
  const auto decoded = http::percent_decode(request.path);
  if (!decoded) return bad(400, "NAME_INVALID", "the path is not properly encoded");
  if (*decoded == "/v2" || *decoded == base) return ApiBase{};
  if (!decoded->starts_with(base)) return bad(404, "UNSUPPORTED", "not a registry path; the endpoint serves /v2/");

  const std::string path = decoded->substr(base.size());
  if (path.ends_with(catalog)) {
    std::string of_registry = path;
    auto upstream = take_upstream(of_registry, request, upstreams);
    if (!upstream) return tl::unexpected(upstream.error());
    if (of_registry == catalog) return ListRoute{{std::move(*upstream), {}}, of_registry, std::nullopt};
  }
  const auto parts = split(path);
  if (!parts) return bad(404, "UNSUPPORTED", "only manifests, blobs, tags/list, referrers and _catalog are served");
  auto repository = parse_repository(parts->repository, request, upstreams);
  if (!repository) return tl::unexpected(repository.error());
  if (parts->word == tags_list) return ListRoute{std::move(*repository), "tags/list", std::nullopt};
  const auto digest = Digest::parse(parts->reference);
  if (parts->word == manifests && !digest && origin::is_tag(parts->reference)) {
    return ManifestRoute{std::move(*repository), parts->reference, std::nullopt};
  }
  if (!digest) return bad(400, "DIGEST_INVALID", digest.error().what);
  if (parts->word == manifests) return ManifestRoute{std::move(*repository), {}, *digest};
  if (parts->word == referrers) return ListRoute{std::move(*repository), "referrers/" + digest->text(), *digest};
  return BlobRoute{std::move(*repository), *digest};
}

}  // namespace shoal::agent::registry
