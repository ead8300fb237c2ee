// Any bytes as a request's head, as a URL, as an address and as percent-encoded text: what is accepted keeps the
// promises that the rest of the program builds on.
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstdlib>

#include "shared/core/check.hpp"
#include "shared/http/addresses.hpp"
#include "shared/http/client.hpp"
#include "shared/http/head.hpp"
#include "shared/http/server.hpp"
#include "shared/http/upgrade.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;

namespace {

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

void check_head(std::string_view text) {
  const auto length = http::head_length(text);
  if (!length) return;
  const auto head = http::parse_request_head(text.substr(0, *length));
  if (!head) return;
  const http::Request& request = head->request;
  SHOAL_CHECK(request.path.starts_with('/') && !request.method.empty());
  const std::size_t hosts = http::header_lines(request.headers, "Host").size();
  SHOAL_CHECK(hosts == 1 || (hosts == 0 && text.find("HTTP/1.0") != std::string_view::npos));
  SHOAL_CHECK(request.headers.size() <= http::most_request_headers + 1);
  const bool has_body = http::find_header(request.headers, "Transfer-Encoding").has_value() ||
                        http::find_header(request.headers, "Content-Length").value_or("0") != "0";
  const bool reads = request.method == "GET" || request.method == "HEAD";
  SHOAL_CHECK(!has_body || (!reads && !head->keep_alive));  // nobody reads a body: what follows must not be a request
  for (const auto& header : request.headers) SHOAL_CHECK(!has_control_character(header.name + header.value));
  const bool is_upgrade = http::check_upgrade(request, "shoal.v1").has_value();
  SHOAL_CHECK(!is_upgrade || (request.method == "GET" && http::find_header(request.headers, "Upgrade")));
  const auto value = request.query_value("ns");
  SHOAL_CHECK(!value || !has_control_character(*value));
}

void check_url(std::string_view text) {
  const auto url = http::parse_url(text);
  if (url) {
    const auto again = http::parse_url(http::text(*url));
    const bool is_longer = http::text(*url).size() > text.size();  // by the path that it did not write
    SHOAL_CHECK(is_longer || (again && again->same_place(*url) && again->target == url->target));
  }
  static const http::Url base{"https", "reg.example.com", 443, "/v2/a/blobs/x?y"};
  const auto resolved = http::resolve_url(base, text);
  if (!resolved) return;
  SHOAL_CHECK(resolved->target.starts_with('/') && !resolved->host.empty() && resolved->port != 0);
  const auto is_sent = [](char c) { return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos; };
  SHOAL_CHECK(std::all_of(resolved->target.begin(), resolved->target.end(), is_sent));
  const auto again = http::resolve_url(base, http::text(*resolved));
  SHOAL_CHECK(!again || (again->same_place(*resolved) && again->target == resolved->target));
  const auto address = http::literal_address(resolved->host);
  SHOAL_CHECK(!address || http::Reaches{}.allows(http::reach_of(*address)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string all = expanded(data, size);
  const std::string_view text = all;
  check_head(text);
  check_url(text);
  const auto decoded = http::percent_decode(text);
  if (decoded) SHOAL_CHECK(http::percent_decode(http::percent_encode(*decoded)) == decoded);
  const auto address = http::parse_host_port(text);
  SHOAL_CHECK(!address || !address->host.empty());
  const auto host = http::parse_host(text);
  SHOAL_CHECK(!host || !host->empty());
  SHOAL_CHECK(!address || !host || address->host.starts_with(*host));
  return 0;
}
