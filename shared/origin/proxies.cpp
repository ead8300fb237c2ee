#include "shared/origin/proxies.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

#include "shared/core/bytes.hpp"
#include "shared/http/server.hpp"
#include "shared/origin/credential.hpp"

namespace shoal::origin {
namespace {

constexpr const char* shape = "is not a proxy's URL; write for example \"http://proxy.example.com:3128\"";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// An address as 16 bytes, IPv4 within IPv6.
struct Address {
  std::array<unsigned char, 16> bytes{};
  bool is_v4 = false;
};

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    address.is_v4 = true;
    address.bytes[10] = address.bytes[11] = 0xff;
    std::memcpy(address.bytes.data() + 12, &v4, sizeof v4);
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) != 1) return std::nullopt;
  const std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  address.is_v4 = std::equal(mapped.begin(), mapped.end(), address.bytes.begin());
  return address;
}

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

// "10.0.0.0/8"; false for what is none.
bool is_in_network(std::string_view network, const Address& address) {
  const std::size_t slash = network.find('/');
  const auto base = parse_address(std::string(network.substr(0, slash)));
  if (!base || base->is_v4 != address.is_v4) return false;
  const auto bits = parse_number(network.substr(slash + 1), base->is_v4 ? 32 : 128);
  if (!bits) return false;
  const unsigned whole = *bits + (base->is_v4 ? 96 : 0);
  for (unsigned bit = 0; bit < whole; ++bit) {
    const unsigned mask = 0x80U >> bit % 8;
    if (((base->bytes[bit / 8] ^ address.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// An item's host and port: "a.io:80", "[::1]:80", "::1", ".a.io". An item that has no port fits any.
struct Item {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::optional<Item> parse_item(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool is_one_colon = text.find(':') == colon;
  if (colon == std::string_view::npos || (!is_one_colon && !text.starts_with('['))) return Item{std::string(text), {}};
  const auto port = parse_number(text.substr(colon + 1), 65535);
  std::string_view host = port ? text.substr(0, colon) : text;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || (is_one_colon && !port)) return std::nullopt;
  return Item{std::string(host), port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt};
}

bool is_domain_of(std::string domain, const std::string& host) {
  if (domain.starts_with("*.")) domain.erase(0, 1);
  if (domain.starts_with('.')) return host.ends_with(domain);
  return host == domain || host.ends_with("." + domain);
}

bool item_excepts(std::string_view text, const http::Url& url) {
  if (text == "*") return true;
  const auto address = parse_address(url.host);
  if (text.find('/') != std::string_view::npos) return address && is_in_network(text, *address);
  const auto item = parse_item(text);
  if (!item || (item->port && *item->port != url.port)) return false;
  const auto named = parse_address(item->host);
  if (named) return address && named->bytes == address->bytes;
  return is_domain_of(item->host, url.host);
}

Result<std::optional<http::Proxy>> parse_proxy(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", begin), text.size());
  const std::size_t at = text.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin) {
    auto url = parse_proxy_url(text);
    if (!url) return tl::unexpected(url.error());
    return http::Proxy{std::move(*url), {}};
  }
  auto url = parse_proxy_url(std::string(text.substr(0, begin)) + std::string(text.substr(at + 1)));
  if (!url) return tl::unexpected(url.error());
  const std::string_view user = text.substr(begin, at - begin);
  const std::size_t colon = std::min(user.find(':'), user.size());
  auto username = http::percent_decode(user.substr(0, colon));
  auto password = http::percent_decode(user.substr(std::min(colon + 1, user.size())));
  if (!username || !password) return fail(ErrorKind::refused, shape);
  const Credential credential{std::move(*username), Secret(std::move(*password))};
  return http::Proxy{std::move(*url), basic_header(credential)};
}

// Of a variable under either of its names.
Result<std::optional<http::Proxy>> read_proxy(const Variable& variable, const std::string& name) {
  const std::string lower = lower_case(name);
  Secret value(variable(name));
  const bool is_lower = value.empty();
  if (is_lower) value = Secret(variable(lower));
  auto proxy = parse_proxy(trimmed(value.reveal()));
  if (!proxy) return fail(ErrorKind::refused, (is_lower ? lower : name) + " " + proxy.error().what);
  return proxy;
}

}  // namespace

Result<EnvironmentProxies> read_environment_proxies(const Variable& variable) {
  EnvironmentProxies proxies;
  auto for_https = read_proxy(variable, "HTTPS_PROXY");
  if (!for_https) return tl::unexpected(for_https.error());
  auto for_http = read_proxy(variable, "HTTP_PROXY");
  if (!for_http) return tl::unexpected(for_http.error());
  proxies.for_https = std::move(*for_https);
  proxies.for_http = std::move(*for_http);
  proxies.exceptions = variable("NO_PROXY");
  if (proxies.exceptions.empty()) proxies.exceptions = variable("no_proxy");
  return proxies;
}

Result<http::Url> parse_proxy_url(std::string_view text) {
  const bool has_scheme = text.find("://") != std::string_view::npos;
  auto url = http::parse_url(has_scheme ? std::string(text) : "http://" + std::string(text));
  if (!url || url->target != "/") return fail(ErrorKind::refused, shape);
  return url;
}

bool is_excepted(std::string_view exceptions, const http::Url& url) {
  const std::string text = lower_case(exceptions);
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view item = trimmed(rest.substr(0, comma));
    if (!item.empty() && item_excepts(item, url)) return true;
    if (comma == rest.size()) return false;
    rest.remove_prefix(comma + 1);
  }
}

const http::Proxy* find_proxy(const EnvironmentProxies& proxies, const http::Url& url) {
  const std::optional<http::Proxy>& proxy = url.scheme == "https" ? proxies.for_https : proxies.for_http;
  if (!proxy || http::is_loopback(url.host) || is_excepted(proxies.exceptions, url)) return nullptr;
  return &*proxy;
}

}  // namespace shoal::origin
