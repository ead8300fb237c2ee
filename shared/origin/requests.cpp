#include "shared/origin/requests.hpp"

#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"
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

void tell_unreadable(Metrics& metrics, const std::string& upstream, const std::string& cause) {
  metrics.files_unreadable.add();
  const std::string next = next_step(Fault::file_unreadable, upstream);
  log::warning("origin", "configured file unreadable", {{"registry", upstream}, {"cause", cause}, {"next", next}});
}

std::string basic_header(const Credential& credential) {
  return "Basic " + base64_text(bytes_of(credential.username + ":" + credential.password));
}

}  // namespace shoal::origin
