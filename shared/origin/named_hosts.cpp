#include "shared/origin/named_hosts.hpp"

namespace shoal::origin {
namespace {

// The pattern's host and port as the URL's scheme completes them; nothing when it is no host.
Result<http::Url> completed(const std::string& pattern, const std::string& scheme) {
  auto url = http::parse_url(scheme + "://" + pattern);
  if (url && (url->target != "/" || pattern.find_first_of("/?") != std::string::npos))
    return fail(ErrorKind::refused, "not a host");
  return url;
}

std::string plain(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool names(const std::string& pattern, const http::Url& url) {
  const bool is_domain = pattern.starts_with("*.");
  const auto named = completed(is_domain ? pattern.substr(2) : pattern, url.scheme);
  if (!named || named->port != url.port) return false;
  const std::string host = plain(url.host);
  const std::string wanted = plain(named->host);
  if (!is_domain) return host == wanted;
  return host.size() > wanted.size() + 1 && host.ends_with("." + wanted);
}

}  // namespace

bool is_host_pattern(const std::string& pattern) {
  return completed(pattern.starts_with("*.") ? pattern.substr(2) : pattern, "https").has_value();
}

bool names_host(const std::vector<std::string>& patterns, const http::Url& url) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) { return names(pattern, url); });
}

}  // namespace shoal::origin
