// Request and Response as this project's servers and clients see them: parsed once, bounded, without Beast's types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::http {

struct Header {
  std::string name;  // as sent; compared without case
  std::string value;
};
using Headers = std::vector<Header>;

// Whether two header names (or schemes, or hosts) are the same, without case in ASCII.
bool same_name(std::string_view a, std::string_view b);
// All values of the repeated header joined by ", ", as RFC 9110 section 5.3 allows; nothing when absent.
std::optional<std::string> find_header(const Headers& headers, std::string_view name);
// Each line of the header by itself, for those that must not be joined (WWW-Authenticate).
std::vector<std::string> header_lines(const Headers& headers, std::string_view name);
// The parts of a comma-separated value, each once and in order: lists that mean the same become the same text. A value
// with a quoted string, which may hold commas, stays as it is.
std::string sorted_list(std::string_view value);

struct Request {
  std::string method;
  std::string path;   // as sent, percent-encoded, without the query
  std::string query;  // as sent, without "?"
  Headers headers;
  std::string client;  // address of the other side, for logs; of a Unix socket "uid 1000"
  bool is_by_socket_file = false;  // no web page can send such a request

  // The decoded value of the first `name=` in the query; nothing when absent or badly encoded.
  std::optional<std::string> query_value(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  Headers headers;   // without Content-Length, Date, Connection: the server adds them
  std::string body;  // not sent to HEAD; its length is Content-Length unless `length` says otherwise
  std::optional<std::uint64_t> length;
  // Of `start`: the length is not known. The body goes out in chunks, to a client of HTTP/1.0 until the connection ends.
  bool is_open_ended = false;
};

// Decodes %XX; nothing when malformed or when a control character would come out.
std::optional<std::string> percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);  // all but unreserved characters, RFC 3986

}  // namespace shoal::http
