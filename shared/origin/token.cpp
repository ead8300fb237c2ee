#include "shared/origin/token.hpp"

#include <algorithm>
#include <charconv>

#include "shared/json/reader.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t longest_token = 32 << 10;  // more than any server takes in a header
// Twice the longest token: an answer's other fields, such as a refresh token, are not much longer.
constexpr json::Limits answer_limits{.token_bytes = 2 * longest_token};
constexpr std::uint64_t longest_lifetime_seconds = 24 * 3600;  // a token that was revoked is not used for longer
constexpr std::string_view white_space = " \t\r\n";

bool fits_into_header(std::string_view text) {
  return !text.empty() && text.size() <= longest_token &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(white_space) + 1));
  return text;
}

Secret text_in(const json::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text != nullptr ? Secret(trimmed(*text)) : Secret();
}

// Some servers write the number of seconds as a text.
std::uint64_t seconds_in(const json::Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  std::uint64_t seconds = 0;
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const auto read = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return 0;
  }
  return seconds;
}

Milliseconds lifetime_in(const json::Value& value) {
  const Milliseconds said = std::chrono::seconds(std::min(seconds_in(value), longest_lifetime_seconds));
  return std::max(said, shortest_lifetime);
}

// An absolute URL, or a path of the host that was challenged. A text with spaces is a description, as of Basic.
Result<http::Url> realm_url(const std::string& realm, const http::Url& challenged) {
  if (realm.empty() || realm.find_first_of(white_space) != std::string::npos) return fail(ErrorKind::refused, "");
  http::Url root = challenged;
  root.target = "/";
  return http::resolve_url(root, realm);
}

}  // namespace

Result<Token> parse_token(ByteView answer) {
  Token token;
  Secret access_token;
  const Result<void> read = json::read(text_of(answer), answer_limits, [&](const json::Place& place, const json::Value& value) {
    if (place.is({"token"})) token.text = text_in(value);
    if (place.is({"access_token"})) access_token = text_in(value);
    if (place.is({"refresh_token"})) token.refresh_token = text_in(value);
    if (place.is({"expires_in"})) token.lifetime = lifetime_in(value);
  });
  if (!read) return fail(ErrorKind::unavailable, "the token endpoint's answer: " + read.error().what);
  if (token.text.empty()) token.text = std::move(access_token);
  if (!fits_into_header(token.text.reveal())) return fail(ErrorKind::unavailable, "the token endpoint's answer has no token");
  if (!fits_into_header(token.refresh_token.reveal())) token.refresh_token.clear();
  return token;
}

std::string scope_of(const std::string& repository) {
  return repository.empty() ? "registry:catalog:*" : "repository:" + repository + ":pull";
}

std::string repository_of(const Challenge& challenge) {
  const std::string all = challenge.parameter("scope");
  constexpr std::string_view type = "repository:";
  std::string name;
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view scope = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(scope.size() + 1, rest.size()));
    if (!scope.starts_with(type)) continue;
    const std::size_t end = scope.rfind(':');
    if (end < type.size()) continue;
    const std::string one(scope.substr(type.size(), end - type.size()));
    if (!is_repository_name(one) || (!name.empty() && name != one)) return {};
    name = one;
  }
  return name;
}

Result<http::Url> realm_of(const Challenge& challenge, const http::Url& challenged) {
  auto url = realm_url(challenge.parameter("realm"), challenged);
  if (!url) return fail(ErrorKind::refused, "the realm of the challenge is not a URL");
  if (url->scheme != "https" && challenged.scheme == "https")
    return fail(ErrorKind::refused, "the realm of the challenge is not https");
  return url;
}

Result<http::Url> token_url(const Challenge& challenge, const http::Url& challenged, const std::string& scope) {
  auto url = realm_of(challenge, challenged);
  if (!url) return url;
  std::string& target = url->target;
  target += target.find('?') == std::string::npos ? '?' : '&';
  const std::string service = challenge.parameter("service");
  if (!service.empty()) target += "service=" + http::percent_encode(service) + "&";
  target += "scope=" + http::percent_encode(scope);
  return url;
}

}  // namespace shoal::origin
