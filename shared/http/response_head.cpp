// The head of an answer. Beast's parser refuses what registries and the proxies before them do send: a status line
// without its last space, lines without CR, a space before a colon.
#include <algorithm>
#include <charconv>

#include "shared/http/head.hpp"

namespace shoal::http {
namespace {

tl::unexpected<Error> malformed(const char* cause) {
  return fail(ErrorKind::unavailable, std::string("malformed answer: ") + cause);
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

// The next line without its end.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Status {
  bool is_1_0 = false;  // of HTTP
  unsigned code = 0;
};

// "HTTP/1.1 200 OK"; what follows the code is for people.
std::optional<Status> parse_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/") || line.size() < 12) return std::nullopt;
  if (!is_digit(line[5]) || line[6] != '.' || !is_digit(line[7]) || !is_space(line[8])) return std::nullopt;
  Status status;
  status.is_1_0 = line.substr(5, 3) < "1.1";
  line = trimmed(line.substr(8));
  const bool is_code = line.size() >= 3 && std::all_of(line.begin(), line.begin() + 3, is_digit) && line[0] != '0';
  if (!is_code || (line.size() > 3 && !is_space(line[3]))) return std::nullopt;
  std::from_chars(line.data(), line.data() + 3, status.code);
  return status;
}

bool frames_the_body(std::string_view name) {
  return same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding");
}

// Of these the first line counts, as for Go's clients: joined by commas, two would mean nothing.
constexpr std::string_view headers_of_one_value[] = {
    "Location", "Content-Type", "Content-Range", "Docker-Content-Digest", "ETag", "Last-Modified", "Retry-After",
};

bool is_repeated(const Headers& headers, std::string_view name) {
  const auto is_same = [&](std::string_view other) { return same_name(other, name); };
  return std::any_of(std::begin(headers_of_one_value), std::end(headers_of_one_value), is_same) &&
         std::any_of(headers.begin(), headers.end(), [&](const Header& header) { return is_same(header.name); });
}

// The headers of the lines up to the empty one. A line that is no header is passed over, and so are the ones folded below
// it; false when there are too many, or when one that frames the body cannot be read.
bool parse_headers(std::string_view rest, Headers& headers) {
  bool is_kept = false;  // the header that a folded line would continue
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) break;
    if (is_space(line[0])) {
      if (is_kept && !has_control_character(line)) headers.back().value.append(" ").append(trimmed(line));
      continue;
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    is_kept = colon < line.size() && is_token(name) && !has_control_character(value);
    if (!is_kept && frames_the_body(name)) return false;
    is_kept = is_kept && !is_repeated(headers, name);
    if (!is_kept) continue;
    if (headers.size() == most_response_headers) return false;
    headers.push_back({std::string(name), std::string(value)});
  }
  return true;
}

// The parts of a value between its commas.
std::vector<std::string_view> parts_of(std::string_view value) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= value.size();) {
    const std::size_t comma = std::min(value.find(',', start), value.size());
    parts.push_back(trimmed(value.substr(start, comma - start)));
    start = comma + 1;
  }
  return parts;
}

// Nothing when it is not a length, or several that differ. "5, 5", and the header twice, are one: RFC 9112 section 6.3.
std::optional<std::uint64_t> parse_length(const std::string& value) {
  std::optional<std::uint64_t> length;
  for (const std::string_view part : parts_of(value)) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
    if (number != length.value_or(number)) return std::nullopt;
    length = number;
  }
  return length;
}

enum class Coding { none, chunked, unknown };

// A coding that we never asked for hides where the body ends. "identity" is none: RFC 2616 had it.
Coding parse_coding(const std::optional<std::string>& value) {
  if (!value) return Coding::none;
  auto parts = parts_of(*value);
  std::erase_if(parts, [](std::string_view part) { return part.empty() || same_name(part, "identity"); });
  if (parts.empty()) return Coding::none;
  return parts.size() == 1 && same_name(parts[0], "chunked") ? Coding::chunked : Coding::unknown;
}

bool says(const Headers& headers, std::string_view word) {
  const auto value = find_header(headers, "Connection");
  if (!value) return false;
  const auto words = parts_of(*value);
  return std::any_of(words.begin(), words.end(), [&](std::string_view part) { return same_name(part, word); });
}

}  // namespace

std::optional<std::size_t> response_head_length(std::string_view received) {
  for (std::size_t end = received.find('\n'); end != std::string_view::npos; end = received.find('\n', end + 1)) {
    const std::string_view next = received.substr(end + 1, 2);
    if (next.starts_with('\n')) return end + 2;
    if (next == "\r\n") return end + 3;
  }
  return std::nullopt;
}

Result<ResponseHead> parse_response_head(std::string_view head, bool to_head_request) {
  const auto status = parse_status_line(take_line(head));
  if (!status) return malformed("no status line");
  Headers headers;
  if (!parse_headers(head, headers)) return malformed("too many headers, or one that cannot be read");
  const auto lengths = find_header(headers, "Content-Length");
  auto length = lengths ? parse_length(*lengths) : std::nullopt;
  if (lengths && !length) return malformed("bad or several lengths");
  const Coding coding = parse_coding(find_header(headers, "Transfer-Encoding"));
  if (coding == Coding::unknown) return malformed("an unknown transfer coding");

  const bool is_chunked = coding == Coding::chunked;
  const bool is_doubtful = is_chunked && (length || status->is_1_0);
  if (is_chunked) length.reset();
  const bool no_body = to_head_request || status->code / 100 == 1 || status->code == 204 || status->code == 304;
  const BodyReader body = no_body      ? BodyReader::none()
                          : is_chunked ? BodyReader::chunked()
                          : length     ? BodyReader::of_length(*length)
                                       : BodyReader::until_end();
  const bool is_persistent = status->is_1_0 ? says(headers, "keep-alive") : true;
  const bool has_end = no_body || is_chunked || length;
  const bool keep_alive = has_end && is_persistent && !is_doubtful && !says(headers, "close");
  return ResponseHead{status->code, std::move(headers), length, body, keep_alive};
}

}  // namespace shoal::http
