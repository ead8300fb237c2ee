#include "shared/origin/places.hpp"

#include <algorithm>

#include "shared/origin/redirects.hpp"
#include "shared/origin/requests.hpp"

namespace shoal::origin {
namespace {

constexpr std::string_view kinds[] = {"/manifests/", "/blobs/", "/tags/", "/referrers/"};

std::optional<Target> target_at(const Options& options, const http::Url& url) {
  for (const auto& [name, upstream] : options.upstreams) {
    auto target = find_upstream(options, name);
    if (target && target->url.same_place(url)) return std::move(*target);
  }
  return std::nullopt;
}

}  // namespace

std::string Place::key() const {
  return target.name + "\n" + name_of(url) + "\n" + repository;
}

std::optional<std::string> repository_in(std::string_view path) {
  path = path.substr(0, path.find('?'));
  const std::size_t root = path.find("/v2/");
  if (root == std::string_view::npos) return std::nullopt;
  path.remove_prefix(root + 4);
  for (const std::string_view kind : kinds) {
    const std::size_t end = path.rfind(kind);
    if (end == std::string_view::npos || !is_repository_name(path.substr(0, end))) continue;
    return std::string(path.substr(0, end));
  }
  return std::nullopt;
}

std::string name_of(const http::Url& url) {
  return url.scheme + "://" + url.authority();
}

Place place_of_registry(const Target& target, http::Url url, const std::string& repository) {
  std::string_view path = url.target;
  if (path.starts_with(target.url.target)) path.remove_prefix(target.url.target.size());
  std::string name = repository_in(path).value_or(repository);
  return {target, std::move(url), std::move(name), std::nullopt, true, true};
}

Place place_behind(const Options& options, const Place& before, http::Url url) {
  Place place = before;
  place.repository = repository_in(url.target).value_or(before.repository);
  place.url = std::move(url);
  place.is_registry = true;
  place.may_see_credential = true;
  if (place.url.same_place(before.target.url)) return place;
  if (auto configured = target_at(options, place.url)) {
    place.target = std::move(*configured);
    place.registry.reset();
    return place;
  }
  place.is_registry = false;
  place.may_see_credential = is_related_host(before.target.url.host, place.url.host) &&
                             (place.url.scheme == "https" || before.target.url.scheme == "http");
  return place;
}

http::ClientRequest request_at(const Place& place, const http::ClientLimits& limits) {
  http::ClientRequest request = request_to(place.url, place.target, limits);
  const http::Reach registry = place.registry.value_or(http::Reach::everywhere);
  request.reaches = reaches_beside(place.target, registry, place.url, place.target.redirects);
  return request;
}

}  // namespace shoal::origin
