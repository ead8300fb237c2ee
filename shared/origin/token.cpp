#include "shared/origin/token.hpp"

#include <algorithm>

#include "shared/json/reader.hpp"
#include "shared/origin/redirects.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t longest_token = 32 << 10;  // more than any server takes in a header
// Twice the longest token: an answer's other fields, such as a refresh token, are not much longer.
constexpr json::Limits answer_limits{.token_bytes = 2 * longest_token};
constexpr std::size_t most_authorizations = 1'024;  // repositories in use at once; each costs up to 32 KiB
constexpr std::int64_t longest_lifetime_seconds = 24 * 3600;  // a token that was revoked is not used for longer

bool fits_into_header(std::string_view text) {
  return !text.empty() && text.size() <= longest_token &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string text_in(const json::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text != nullptr ? std::string(*text) : std::string();
}

Milliseconds lifetime_in(const json::Value& value) {
  const auto* seconds = std::get_if<std::uint64_t>(&value);
  if (seconds == nullptr) return default_lifetime;
  return std::chrono::seconds(std::min<std::uint64_t>(*seconds, longest_lifetime_seconds));
}

}  // namespace

Result<Token> parse_token(ByteView answer) {
  Token token;
  std::string access_token;
  const Result<void> read = json::read(text_of(answer), answer_limits, [&](const json::Place& place, const json::Value& value) {
    if (place.is({"token"})) token.text = text_in(value);
    if (place.is({"access_token"})) access_token = text_in(value);
    if (place.is({"expires_in"})) token.lifetime = lifetime_in(value);
  });
  if (!read) return fail(ErrorKind::unavailable, "the token endpoint's answer: " + read.error().what);
  if (token.text.empty()) token.text = std::move(access_token);
  if (!fits_into_header(token.text)) return fail(ErrorKind::unavailable, "the token endpoint's answer has no token");
  return token;
}

Result<http::Url> token_url(const Challenge& challenge, const http::Url& registry, const std::string& repository,
                            bool with_credential) {
  auto url = http::parse_url(challenge.parameter("realm"));
  const std::string at = registry.authority() + ": ";
  if (!url) return fail(ErrorKind::refused, at + "the realm of its challenge is not a URL");
  if (url->scheme != "https" && registry.scheme == "https") {
    return fail(ErrorKind::refused, at + "the realm of its challenge is not https");
  }
  if (with_credential && !is_related_host(registry.host, url->host)) {
    return fail(ErrorKind::refused,
                at + "its challenge names a token server of another domain for the credential: " + url->host);
  }
  std::string scope = challenge.parameter("scope");
  if (scope.empty()) scope = repository.empty() ? "registry:catalog:*" : "repository:" + repository + ":pull";
  std::string& target = url->target;
  target += target.find('?') == std::string::npos ? '?' : '&';
  const std::string service = challenge.parameter("service");
  if (!service.empty()) target += "service=" + http::percent_encode(service) + "&";
  target += "scope=" + http::percent_encode(scope);
  return url;
}

std::string Authorizations::find(const std::string& upstream, const std::string& repository) const {
  const auto found = entries_.find({upstream, repository});
  return found != entries_.end() && clock_.now() < found->second.due ? found->second.value : std::string();
}

void Authorizations::store(const std::string& upstream, const std::string& repository, std::string value,
                           Milliseconds lifetime) {
  const auto earlier = [](const auto& a, const auto& b) { return a.second.due < b.second.due; };
  // The tenth that is left covers a request on its way and clocks that differ.
  entries_.insert_or_assign({upstream, repository}, Entry{std::move(value), clock_.now() + lifetime * 9 / 10});
  if (entries_.size() > most_authorizations)
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), earlier));
}

void Authorizations::remove(const std::string& upstream, const std::string& repository) {
  entries_.erase({upstream, repository});
}

}  // namespace shoal::origin
