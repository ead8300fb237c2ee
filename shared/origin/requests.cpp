#include "shared/origin/requests.hpp"

#include "shared/origin/named_hosts.hpp"
#include "shared/origin/redirects.hpp"

namespace shoal::origin {

http::ClientRequest request_to(const http::Url& url, const Target& target, const http::ClientLimits& limits) {
  http::ClientRequest request;
  request.url = url;
  request.limits = limits;
  if (is_related_host(target.url.host, url.host)) {
    request.ca_file = target.ca;
    request.insecure = target.insecure;
    request.certificate = target.client;
  }
  return request;
}

http::Reaches reaches_beside(const Target& target, http::Reach registry, const http::Url& url,
                             const std::vector<std::string>& named) {
  if (url.host == target.url.host || names_host(named, url)) return {};
  http::Reaches reaches;
  reaches.network = registry == http::Reach::network;
  reaches.machine = registry == http::Reach::machine;
  reaches.link = false;
  return reaches;
}

bool is_address_refused(const Error& error) {
  return error.kind == ErrorKind::refused && error.fault == Fault::none;
}

http::Reach reach_of(const Options& options, const Target& target, const http::Url& url,
                     const http::ClientResponse& response) {
  const auto proxy = proxy_of(options, target.name, url);
  return proxy && *proxy ? http::Reach::everywhere : response.reach();
}

}  // namespace shoal::origin
