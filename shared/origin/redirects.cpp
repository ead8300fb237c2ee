#include "shared/origin/redirects.hpp"

#include <algorithm>
#include <array>

namespace shoal::origin {
namespace {

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

// The second levels that the registries of country domains sell names under.
bool is_open_to_all(std::string_view domain) {
  static constexpr std::array<std::string_view, 8> second_levels{"co", "com", "org", "net", "gov", "edu", "ac", "or"};
  const std::size_t dot = domain.find('.');
  if (dot == std::string_view::npos) return true;
  const bool is_country = domain.size() - dot - 1 == 2;
  return is_country &&
         std::find(second_levels.begin(), second_levels.end(), domain.substr(0, dot)) != second_levels.end();
}

}  // namespace

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<Hop> next_hop(const http::Url& from, const std::optional<std::string>& location) {
  const auto url = location ? http::resolve_url(from, *location) : fail(ErrorKind::refused, "");
  if (!url) return fail(ErrorKind::unavailable, from.authority() + " redirects without a usable Location");
  if (from.scheme == "https" && url->scheme == "http") {
    return fail(ErrorKind::refused, from.authority() + " redirects from https to http");
  }
  return Hop{*url, url->same_place(from)};
}

bool is_related_host(const std::string& registry, const std::string& other) {
  if (registry == other) return true;
  if (is_address(registry) || is_address(other)) return false;
  const std::size_t dot = registry.find('.');
  if (dot == std::string::npos) return false;
  const std::string parent = registry.substr(dot + 1);
  return !is_open_to_all(parent) && (other == parent || other.ends_with("." + parent));
}

}  // namespace shoal::origin
