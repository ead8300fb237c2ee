// Any bytes as a request's head, as a URL, as an address and as percent-encoded text: what is accepted keeps the
// promises that the rest of the program builds on.
#include <algorithm>
#include <cstdlib>

#include "shared/core/check.hpp"
#include "shared/http/client.hpp"
#include "shared/http/head.hpp"
#include "shared/http/server.hpp"

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
  SHOAL_CHECK(http::header_lines(request.headers, "Host").size() == 1);
  const bool has_body = http::find_header(request.headers, "Transfer-Encoding").has_value() ||
                        http::find_header(request.headers, "Content-Length").value_or("0") != "0";
  const bool reads = request.method == "GET" || request.method == "HEAD";
  SHOAL_CHECK(!has_body || (!reads && !head->keep_alive));  // nobody reads a body: what follows must not be a request
  for (const auto& header : request.headers) SHOAL_CHECK(!has_control_character(header.name + header.value));
  const auto value = request.query_value("ns");
  SHOAL_CHECK(!value || !has_control_character(*value));
}

void check_url(std::string_view text) {
  const auto url = http::parse_url(text);
  if (url) {
    const auto again = http::parse_url(http::text(*url));
    SHOAL_CHECK(again && again->same_place(*url) && again->target == url->target);
  }
  static const http::Url base{"https", "reg.example.com", 443, "/v2/a/blobs/x?y"};
  const auto resolved = http::resolve_url(base, text);
  SHOAL_CHECK(!resolved || (resolved->target.starts_with('/') && !resolved->host.empty() && resolved->port != 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_head(text);
  check_url(text);
  const auto decoded = http::percent_decode(text);
  if (decoded) SHOAL_CHECK(http::percent_decode(http::percent_encode(*decoded)) == decoded);
  const auto address = http::parse_host_port(text);
  SHOAL_CHECK(!address || !address->host.empty());
  const auto host = http::parse_host(text);
  SHOAL_CHECK(!address || host.value() == address->host);
  return 0;
}
