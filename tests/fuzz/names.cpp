// Any bytes as the names that requests, redirects, proxies and peers bring: what is accepted keeps the promises that the
// rest of the program builds on, and an error never shows a password.
#include "shared/core/check.hpp"
#include "shared/http/server.hpp"
#include "shared/origin/named_hosts.hpp"
#include "shared/origin/proxies.hpp"
#include "shared/origin/redirects.hpp"
#include "shared/origin/registry_name.hpp"
#include "shared/origin/upstreams.hpp"
#include "tracker/directory/peer_host.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

void check_registry(const std::string& text) {
  const std::string name = registry_name(text);
  SHOAL_CHECK(registry_name(name) == name && name.size() <= text.size() + std::string_view(hub).size());
  static const Options options = [] {
    Options made;
    made.upstreams["registry.example.com:5000"] = {};
    made.aliases["corp"] = "registry.example.com:5000";
    made.allow = {"*.example.com"};
    return made;
  }();
  SHOAL_CHECK(find_registry(options, find_registry(options, text)) == find_registry(options, text));
  const auto in_path = find_registry_in_path(options, text);
  SHOAL_CHECK(!in_path || !in_path->empty());
  const auto target = find_upstream(options, text);
  if (!target) return;
  SHOAL_CHECK(target->name == "registry.example.com:5000" || allows("*.example.com", target->name));
}

void check_hop(const std::string& text) {
  static const http::Url from{"https", "reg.example.com", 443, "/v2/a/blobs/x"};
  const auto hop = next_hop(from, text);
  if (!hop) return;
  SHOAL_CHECK(hop->url.scheme == "https" && hop->keeps_authorization == hop->url.same_place(from));
  if (names_host({text}, hop->url)) SHOAL_CHECK(is_host_pattern(text));
  SHOAL_CHECK(!is_related_host("contoso.azurecr.io", hop->url.host) || hop->url.host == "contoso.azurecr.io");
}

bool has_without_case(const std::string& text, const std::string& wanted) {
  for (std::size_t at = 0; at + wanted.size() <= text.size(); ++at) {
    if (http::same_name(text.substr(at, wanted.size()), wanted)) return true;
  }
  return false;
}

void check_proxy(const std::string& text) {
  const auto url = parse_proxy_url(text);
  SHOAL_CHECK(!url || (!url->host.empty() && url->port != 0));
  const std::string password = "s3cret-passw0rd";
  for (const std::string& value : {text, "http://user:" + password + "@" + text, text + ":" + password + "@proxy:3128"}) {
    const auto proxies = read_environment_proxies(
        [&value](const std::string& name) { return name == "HTTPS_PROXY" ? value : std::string(); });
    if (!proxies) SHOAL_CHECK(proxies.error().what.find(password) == std::string::npos);
    if (!proxies || !proxies->for_https) continue;
    const bool is_shown = http::text(proxies->for_https->url).find(password) != std::string::npos;
    SHOAL_CHECK(!is_shown || has_without_case(text, password));  // a host is written in lower case
  }
}

void check_peer(const std::string& text) {
  const auto host = tracker::directory::PeerHost::parse(text);
  if (!host) return;
  SHOAL_CHECK(tracker::directory::PeerHost::parse(host->text())->text() == host->text());
  const auto again = http::parse_host_port(host->with_port(7072));
  SHOAL_CHECK(again && again->port == 7072 && host->reachable_from(*host));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_registry(text);
  check_hop(text);
  check_proxy(text);
  check_peer(text);
  const std::string sorted = http::sorted_list(text);
  SHOAL_CHECK(http::sorted_list(sorted) == sorted && sorted.size() <= 2 * text.size());
  return 0;
}
