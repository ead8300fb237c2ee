// Url and HostPort: the texts that name another machine, parsed once.
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "shared/core/bytes.hpp"
#include "shared/http/client.hpp"
#include "shared/http/server.hpp"

namespace shoal::http {
namespace {

constexpr std::size_t longest_url = 16 << 10;  // presigned links with a session's token reach 8 KiB
// Of a URL that a Location of that length names: each of its bytes may become three.
constexpr std::size_t longest_encoded_url = 3 * longest_url + longest_url;

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// An IPv6 address between brackets, without a zone: a zone means something on this machine only.
bool is_ipv6_text(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

struct Authority {
  std::string host;
  std::optional<std::uint16_t> port;
};

// "host", "host:port", "[::1]" or "[::1]:port".
std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.host = lower_case(text.substr(1, end - 1));
    rest = text.substr(end + 1);
    if (!is_ipv6_text(authority.host)) return std::nullopt;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    authority.host = lower_case(text.substr(0, colon));
    rest = text.substr(colon);
    if (authority.host.empty() || authority.host.size() > 253) return std::nullopt;
    if (!std::all_of(authority.host.begin(), authority.host.end(), is_host_character)) return std::nullopt;
  }
  if (rest.empty()) return authority;
  authority.port = rest[0] == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (!authority.port) return std::nullopt;
  return authority;
}

// RFC 3986 section 5.2.4 over a whole path; the query is not part of it.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_in_directory = true;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    ends_in_directory = segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!ends_in_directory) segments.push_back(segment);
  }
  std::string out;
  for (const auto segment : segments) out.append("/").append(segment);
  return ends_in_directory ? out + "/" : out;
}

std::string normalised_target(std::string_view target) {
  const std::size_t question = std::min(target.find('?'), target.size());
  return without_dot_segments(target.substr(0, question)).append(target.substr(question));
}

// `reference`, not absolute, against the path of `base`.
std::string merged_target(const Url& base, std::string_view reference) {
  const std::string base_path = base.target.substr(0, base.target.find('?'));
  if (reference.empty()) return base.target;
  if (reference[0] == '?') return base_path + std::string(reference);
  const std::size_t question = std::min(reference.find('?'), reference.size());
  const std::string_view path = reference.substr(0, question);
  const std::string whole =
      path.starts_with('/') ? std::string(path) : base_path.substr(0, base_path.rfind('/') + 1) + std::string(path);
  return whole + std::string(reference.substr(question));
}

// The characters that no URI has, as browsers and Go's client send them when a Location has them. What is encoded already
// stays byte for byte: it may be signed.
std::string with_encoded_characters(std::string_view location) {
  std::string out;
  for (const char c : location) {
    const bool is_foreign = c == ' ' || (c & 0x80) != 0 || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
    out += is_foreign ? "%" + hex_text(bytes_of({&c, 1}), HexCase::upper) : std::string(1, c);
  }
  return out;
}

// The scheme that an absolute URL begins with; empty for a relative reference.
std::string_view scheme_of(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?");
  return end == std::string_view::npos || reference[end] != ':' ? std::string_view() : reference.substr(0, end);
}

Result<Url> parse_within(std::string_view text, std::size_t longest) {
  const auto bad = [] {
    return fail(ErrorKind::refused, "not a URL; expected http:// or https://, a host and a path");
  };
  if (text.size() > longest || !is_visible_ascii(text) || text.find('#') != std::string_view::npos) return bad();
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad();
  Url url;
  url.scheme = lower_case(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return bad();
  text.remove_prefix(colon + 3);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  const auto authority = parse_authority(text.substr(0, end));
  if (!authority || authority->port == 0) return bad();
  url.host = authority->host;
  url.port = authority->port.value_or(default_port(url.scheme));
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

// A port may be left out behind its colon: RFC 3986 section 3.2.3.
std::string without_empty_port(std::string url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string::npos) return url;
  const std::size_t begin = colon + 3;
  const std::size_t end = std::min(url.find_first_of("/?", begin), url.size());
  if (end > begin && url[end - 1] == ':') url.erase(end - 1, 1);
  return url;
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == default_port(scheme) ? name : name + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  return parse_within(text, longest_url);
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  if (location.size() > longest_url) return fail(ErrorKind::refused, "a URL of more than 16 KiB");
  location = location.substr(0, location.find('#'));  // RFC 9110 section 10.2.2: a fragment is for the reader only
  const std::string reference = with_encoded_characters(location);
  std::string whole = base.scheme + "://" + base.authority() + merged_target(base, reference);
  if (reference.starts_with("//")) whole = without_empty_port(base.scheme + ":" + reference);
  if (!scheme_of(reference).empty()) whole = without_empty_port(reference);
  auto url = parse_within(whole, longest_encoded_url);
  if (url) url->target = normalised_target(url->target);
  return url;
}

std::string text(const Url& url) {
  return url.scheme + "://" + url.authority() + url.target;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto authority = parse_authority(text);
  if (!authority || !authority->port) {
    return fail(ErrorKind::refused, "\"" + std::string(text) + "\" is not an address with a port; write for example " +
                                        "\"127.0.0.1:7070\" or \"[::1]:7070\"");
  }
  return HostPort{authority->host, *authority->port};
}

Result<std::string> parse_host(std::string_view header) {
  const auto authority = parse_authority(header);
  std::string host = authority ? authority->host : "";
  if (host.ends_with('.')) host.pop_back();  // of an absolute name
  if (host.empty()) return fail(ErrorKind::refused, "the Host header names no host");
  return host;
}

bool is_ip_address(const std::string& host) {
  IoError error;
  asio::ip::make_address(host, error);
  return !error;
}

bool is_address_or_localhost(std::string_view header) {
  const auto host = parse_host(header);
  return host && (*host == "localhost" || is_ip_address(*host));
}

bool is_loopback(const std::string& host) {
  IoError not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  return host == "localhost" || (!not_an_address && address.is_loopback());
}

}  // namespace shoal::http
