#include "shared/http/head.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "shared/http/server.hpp"

namespace shoal::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::string_view;
using ParseError = boost::beast::error_code;

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
  int version = 11;  // of HTTP, by ten
  Headers headers;
  bool has_too_many = false;  // of them

 protected:
  void on_request_impl(beast_http::verb, string_view name, string_view where, int number, ParseError&) override {
    method = view(name);
    version = number;
    target = view(where);
  }
  void on_response_impl(int, string_view, int, ParseError&) override {}
  void on_field_impl(beast_http::field, string_view name, string_view value, ParseError& error) override {
    if (headers.size() == most_request_headers) {
      has_too_many = true;
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

tl::unexpected<Error> malformed(const std::string& cause) {
  return fail(ErrorKind::refused, "malformed request: " + cause);
}

bool is_origin_form(std::string_view target) {
  return target.starts_with('/') &&
         std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// "http://host/path", which every server takes (RFC 9112 section 3.2.2), in parts; nothing when it is not one.
struct AbsoluteForm {
  std::string authority;
  std::string target;
};
std::optional<AbsoluteForm> parse_absolute_form(const std::string& target) {
  const std::size_t colon = target.find("://");
  if (colon == std::string::npos) return std::nullopt;
  const std::string_view scheme = std::string_view(target).substr(0, colon);
  if (!same_name(scheme, "http") && !same_name(scheme, "https")) return std::nullopt;
  const std::size_t begin = colon + 3;
  const std::size_t end = std::min(target.find_first_of("/?", begin), target.size());
  AbsoluteForm form{target.substr(begin, end - begin), target.substr(end)};
  if (!form.target.starts_with('/')) form.target.insert(0, "/");
  if (!parse_host(form.authority)) return std::nullopt;
  return form;
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
  if (!is_origin_form(parser.target)) return malformed("the target is neither a path nor a URL");
  const bool needs_host = parser.version != 10;
  if (count("Host") > 1 || (needs_host && count("Host") == 0)) return malformed("exactly one Host is needed");
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
  if (parser.has_too_many)
    return fail(ErrorKind::no_space, "the request has more than " + std::to_string(most_request_headers) + " headers");
  if (error) return malformed(error.message());
  if (!parser.is_header_done() || used != head.size()) return malformed("incomplete head");
  const auto absolute = parse_absolute_form(parser.target);
  if (absolute) parser.target = absolute->target;
  const auto checked = check_request(parser);
  if (!checked) return tl::unexpected(checked.error());
  if (absolute) {
    std::erase_if(parser.headers, [](const Header& h) { return same_header(h, "Host"); });
    parser.headers.push_back({"Host", absolute->authority});
  }

  RequestHead result;
  const std::size_t question = std::min(parser.target.find('?'), parser.target.size());
  result.request.method = std::move(parser.method);
  result.request.path = parser.target.substr(0, question);
  result.request.query = parser.target.substr(std::min(question + 1, parser.target.size()));
  result.request.headers = std::move(parser.headers);
  result.is_1_0 = parser.version == 10;
  result.keep_alive = parser.keep_alive() && !announces_body(result.request.headers);
  return result;
}

}  // namespace shoal::http
