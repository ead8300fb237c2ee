#include "shared/http/head.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

namespace shoal::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::string_view;
using ParseError = boost::beast::error_code;

constexpr std::size_t most_headers = 100;  // Apache's number too; runtimes and registries send under 30

std::string_view view(string_view text) {
  return {text.data(), text.size()};
}

bool same_header(const Header& header, std::string_view name) {
  return same_name(header.name, name);
}

// The part that both directions share. Beast parses heads only: no body is ever put into it.
template <bool is_request>
class Collector : public beast_http::basic_parser<is_request> {
 public:
  Collector() {
    this->header_limit(largest_response_head);
    // The reader of a body bounds it. `boost::none` would refuse every length in Boost 1.74.
    this->body_limit(std::numeric_limits<std::uint64_t>::max());
  }
  std::string method;
  std::string target;
  unsigned status = 0;
  Headers headers;

 protected:
  void on_request_impl(beast_http::verb, string_view name, string_view where, int, ParseError&) override {
    method = view(name);
    target = view(where);
  }
  void on_response_impl(int code, string_view, int, ParseError&) override { status = static_cast<unsigned>(code); }
  void on_field_impl(beast_http::field, string_view name, string_view value, ParseError& error) override {
    if (headers.size() == most_headers) {
      error = beast_http::error::header_limit;
      return;
    }
    headers.push_back({std::string(view(name)), std::string(view(value))});
  }
  void on_header_impl(ParseError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ParseError&) override {}
  std::size_t on_body_impl(string_view, ParseError&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, ParseError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, ParseError&) override { return 0; }
  void on_finish_impl(ParseError&) override {}
};

tl::unexpected<Error> malformed(const char* cause) {
  return fail(ErrorKind::refused, std::string("malformed request: ") + cause);
}

bool is_origin_form(std::string_view target) {
  return target.starts_with('/') &&
         std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_clean(const Header& header) {
  return std::all_of(header.value.begin(), header.value.end(),
                     [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; });
}

bool has_folded_line(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos || head.find("\r\n\t") != std::string_view::npos;
}

bool announces_body(const Headers& headers) {
  return find_header(headers, "Transfer-Encoding") || find_header(headers, "Content-Length").value_or("0") != "0";
}

// The rules that keep one request one request, also for a proxy in between that reads it differently. Other methods may
// come with a body, for which they get an answer and the end of the connection.
Result<void> check_request(const Collector<true>& parser) {
  const Headers& headers = parser.headers;
  const auto count = [&](std::string_view name) {
    return std::count_if(headers.begin(), headers.end(), [&](const Header& h) { return same_header(h, name); });
  };
  if (!is_origin_form(parser.target)) return malformed("the target is not a path");
  if (count("Host") != 1) return malformed("exactly one Host is needed");
  if (count("Content-Length") > 1) return malformed("more than one Content-Length");
  if (count("Content-Length") + count("Transfer-Encoding") > 1) return malformed("two lengths of the body");
  const bool reads = parser.method == "GET" || parser.method == "HEAD";
  if (reads && announces_body(headers)) return malformed("no body is expected");
  if (!std::all_of(headers.begin(), headers.end(), is_clean)) return malformed("control character in a header");
  return {};
}

}  // namespace

std::optional<std::size_t> head_length(std::string_view received) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

Result<RequestHead> parse_request_head(std::string_view head) {
  if (has_folded_line(head)) return malformed("folded header line");
  Collector<true> parser;
  ParseError error;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error) return malformed(error.message().c_str());
  if (!parser.is_header_done() || used != head.size()) return malformed("incomplete head");
  const auto checked = check_request(parser);
  if (!checked) return tl::unexpected(checked.error());

  RequestHead result;
  const std::size_t question = std::min(parser.target.find('?'), parser.target.size());
  result.request.method = std::move(parser.method);
  result.request.path = parser.target.substr(0, question);
  result.request.query = parser.target.substr(std::min(question + 1, parser.target.size()));
  result.request.headers = std::move(parser.headers);
  result.keep_alive = parser.keep_alive() && !announces_body(result.request.headers);
  return result;
}

Result<ResponseHead> parse_response_head(std::string_view head, bool to_head_request) {
  Collector<false> parser;
  ParseError error;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error) return fail(ErrorKind::unavailable, "malformed answer: " + error.message());
  if (!parser.is_header_done() || used != head.size()) return fail(ErrorKind::unavailable, "malformed answer");
  // A coding that we never asked for, or that hides where the body ends.
  const bool coded = find_header(parser.headers, "Transfer-Encoding").has_value();
  if (coded && !parser.chunked()) return fail(ErrorKind::unavailable, "an answer in an unknown transfer coding");

  const auto length = parser.content_length();
  const unsigned status = parser.status;
  const bool no_body = to_head_request || status / 100 == 1 || status == 204 || status == 304;
  const BodyReader body = no_body            ? BodyReader::none()
                          : parser.chunked() ? BodyReader::chunked()
                          : length           ? BodyReader::of_length(*length)
                                             : BodyReader::until_end();
  const bool has_end = no_body || parser.chunked() || length;
  ResponseHead result{status, std::move(parser.headers), std::nullopt, body, has_end && parser.keep_alive()};
  if (length) result.content_length = *length;
  return result;
}

}  // namespace shoal::http
