// Proxies: which URL is asked through which HTTP proxy, by the rules of HTTPS_PROXY, HTTP_PROXY and NO_PROXY that Go's
// clients have. Pure.
// Source: golang.org/x/net/http/httpproxy, which containerd, docker and podman read their environment with. REQUEST_METHOD
// makes no difference: no CGI program reads these.
//
// Threads: any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/http/client.hpp"

namespace shoal::origin {

struct EnvironmentProxies {
  std::optional<http::Proxy> for_https;
  std::optional<http::Proxy> for_http;
  std::string exceptions;  // NO_PROXY
};

// The value of a variable; empty when it is not set. It is wiped, for it may hold a password.
using Variable = std::function<std::string(const std::string& name)>;

// The upper-case name of each variable counts before the lower-case one. `refused` with the variable's name, and without
// its value, which may hold a password, when it is no "http://[USER:PASSWORD@]HOST[:PORT]", or https:// likewise.
Result<EnvironmentProxies> read_environment_proxies(const Variable& variable);

// A proxy's URL as an operator writes it, without user information. Without a scheme it is reached by http.
Result<http::Url> parse_proxy_url(std::string_view text);

// Null: directly. So are loopback addresses and localhost always.
const http::Proxy* find_proxy(const EnvironmentProxies& proxies, const http::Url& url);

// Whether NO_PROXY excepts the URL. Its items, separated by commas: "*"; an address; a CIDR; a domain, which means its
// subdomains too; ".example.com" or "*.example.com", which mean the subdomains alone. All but a CIDR may have a port.
bool is_excepted(std::string_view exceptions, const http::Url& url);

}  // namespace shoal::origin
