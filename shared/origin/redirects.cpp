#include "shared/origin/redirects.hpp"

#include <libpsl.h>

#include <algorithm>
#include <iterator>

namespace shoal::origin {
namespace {

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

// Services that give each customer names under their own domain, at any depth, and are not all in the list's private
// section: registries, and names for any address. Source: the services' own manuals.
constexpr std::string_view shared_domains[] = {
    "amazonaws.com", "amazonaws.com.cn", "on.aws",    "azurecr.io",     "azurecr.cn",          "azurecr.us",
    "gcr.io",        "pkg.dev",          "ghcr.io",   "jfrog.io",       "ocir.io",             "icr.io",
    "aliyuncs.com",  "myhuaweicloud.com", "scw.cloud", "cloudsmith.io", "tencentcloudcr.com",  "vultrcr.com",
    "nip.io",        "sslip.io",         "xip.io",
};

bool is_shared_domain(std::string_view domain) {
  return std::any_of(std::begin(shared_domains), std::end(shared_domains), [&](std::string_view shared) {
    return domain == shared || (domain.ends_with(shared) && domain[domain.size() - shared.size() - 1] == '.');
  });
}

// A domain that different owners have names under. The list is the one that is built into Debian's libpsl5 (of February
// 2023, private section included): it needs no file at run time.
bool is_public_suffix(const std::string& domain) {
  return is_shared_domain(domain) || psl_is_public_suffix(psl_builtin(), domain.c_str()) != 0;
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

Result<Hop> next_hop(const http::Url& from, const std::optional<std::string>& location, Plain plain) {
  const auto url = location ? http::resolve_url(from, *location) : fail(ErrorKind::refused, "");
  if (!url) return fail(ErrorKind::unavailable, from.authority() + " redirects without a usable Location");
  if (from.scheme == "https" && url->scheme == "http" && plain == Plain::refused) {
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
