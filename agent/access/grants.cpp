#include "agent/access/grants.hpp"

#include <algorithm>

#include "shared/core/answered.hpp"
#include "shared/json/reader.hpp"

namespace shoal::agent::access {
namespace {

constexpr std::size_t longest_refusal_body = 4'096;
constexpr std::size_t longest_token = 64 << 10;  // a head of a request has no more

// RFC 4648 section 5, without padding (RFC 7515 section 2).
std::optional<Bytes> parse_base64_url(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  while (plain.size() % 4 != 0) plain.push_back('=');
  return parse_base64(plain);
}

}  // namespace

Hash256 Grants::key_of(const Caller& caller) const {
  return hash_.of({caller.repository.upstream, caller.repository.name, caller.authorization.reveal()});
}

std::string Grants::credential_hash(const Secret& authorization) const {
  if (authorization.empty()) return {};
  const Hash256 hash = hash_.of({"credential", authorization.reveal()});
  return hex_text(ByteView(hash).first(8));
}

void Grants::give(const Caller& caller, Time until) {
  const Hash256 key = key_of(caller);
  refusals_.remove(key);
  const Time* known = grants_.find(key);
  grants_.put(key, known != nullptr ? std::max(*known, until) : until);
}

bool Grants::has(const Caller& caller, Time now, Milliseconds grace) const {
  const Time* until = grants_.find(key_of(caller));
  return until != nullptr && now < *until + grace;
}

std::size_t Grants::live(Time now) const {
  std::size_t count = 0;
  grants_.each([&](Time until) { count += now < until ? 1 : 0; });
  return count;
}

void Grants::refuse(const Caller& caller, origin::Answer refusal, Time now) {
  const Hash256 key = key_of(caller);
  grants_.remove(key);
  if (caller.authorization.empty()) return;
  if (refusal.body.size() > longest_refusal_body) refusal.body.clear();
  refusal.challenges = bounded({refusal.status, std::move(refusal.challenges), {}, {}}).challenges;
  refusal.links.clear();
  refusals_.put(key, {std::move(refusal), now + refusal_life});
}

const origin::Answer* Grants::refusal_of(const Caller& caller, Time now) const {
  if (caller.authorization.empty()) return nullptr;
  const Refusal* refusal = refusals_.find(key_of(caller));
  return refusal != nullptr && now < refusal->until ? &refusal->answer : nullptr;
}

std::optional<std::chrono::seconds> token_end(const Secret& authorization) {
  const std::string_view all = authorization.reveal();
  constexpr std::string_view scheme = "bearer ";
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; };
  const bool is_bearer = all.size() > scheme.size() && all.size() <= longest_token &&
                         std::equal(scheme.begin(), scheme.end(), all.begin(), [&](char b, char a) { return is_same(a, b); });
  if (!is_bearer) return std::nullopt;
  const std::string_view token = all.substr(scheme.size());
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto claims = parse_base64_url(token.substr(first + 1, second - first - 1));
  if (!claims) return std::nullopt;
  std::optional<std::chrono::seconds> end;
  constexpr std::uint64_t latest = std::uint64_t{1} << 40;  // some thousand years: a time in milliseconds counts as far off
  const Result<void> read = json::read(text_of(*claims), {}, [&](const json::Place& place, const json::Value& value) {
    if (!place.is({"exp"})) return;
    const auto* seconds = std::get_if<std::uint64_t>(&value);
    end.reset();
    if (seconds != nullptr) end = std::chrono::seconds(std::min(*seconds, latest));
  });
  return read ? end : std::nullopt;
}

Milliseconds grant_life(const Secret& authorization, Milliseconds longest, std::chrono::seconds date) {
  const auto end = token_end(authorization);
  if (!end) return longest;
  return std::clamp(Milliseconds(*end - date), Milliseconds::zero(), longest);
}

}  // namespace shoal::agent::access
