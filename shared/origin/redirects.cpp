#include "shared/origin/redirects.hpp"

#include <libpsl.h>

namespace shoal::origin {
namespace {

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

// Registries that give each customer a name under their own, and are not in the private section of the list.
bool is_shared_registry(std::string_view domain) {
  return domain == "azurecr.io" || domain == "jfrog.io" || domain == "pkg.dev" || domain.starts_with("dkr.ecr.");
}

// A domain that different owners have names under. The list is the one that is built into Debian's libpsl5 (of February
// 2023, private section included): it needs no file at run time.
bool is_public_suffix(const std::string& domain) {
  return is_shared_registry(domain) || psl_is_public_suffix(psl_builtin(), domain.c_str()) != 0;
}

// The final dot of an absolute name is part of no entry of the list.
std::string without_final_dot(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  return host;
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
  const std::string own = without_final_dot(registry);
  const std::string asked = without_final_dot(other);
  const std::size_t dot = own.find('.');
  if (dot == std::string::npos) return false;
  const std::string parent = own.substr(dot + 1);
  return !is_public_suffix(parent) && (asked == parent || asked.ends_with("." + parent));
}

}  // namespace shoal::origin
