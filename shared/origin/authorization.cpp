#include "shared/origin/authorization.hpp"

#include "shared/crypto/hasher.hpp"
#include "shared/crypto/signing.hpp"
#include "shared/http/server.hpp"
#include "shared/log/log.hpp"
#include "shared/origin/requests.hpp"

namespace shoal::origin {
namespace {

const Authorization nothing_shown{};
constexpr std::size_t secret_size = 32;
constexpr Milliseconds vain_holds{600'000};  // Basic that nothing asked for and the registry refused

Secret bearer_header(const Secret& token) {
  return Secret::of({"Bearer ", token.reveal()});
}

// How the challenges of one answer may be met, the best first. A front that rewrites paths knows the repository by
// another name, which its challenge says.
std::vector<Way> ways_of(const std::vector<Challenge>& challenges, const Place& place) {
  std::vector<Way> ways;
  const http::Reach registry = place.registry.value_or(http::Reach::everywhere);
  if (const Challenge* bearer = find_scheme(challenges, "bearer")) {
    ways.push_back({Scheme::bearer, *bearer, place.repository, "", "", registry});
    const std::string named = repository_of(*bearer);
    if (!named.empty() && named != place.repository)
      ways.push_back({Scheme::bearer, *bearer, named, "", "", registry});
  }
  if (find_scheme(challenges, "basic") != nullptr) ways.push_back({Scheme::basic, {}, "", "", "", registry});
  return ways;
}

}  // namespace

Authorizer::Authorizer(Clock& clock, Hosts& hosts, Metrics& metrics, const Options& options)
    : metrics_(metrics),
      secret_(random_bytes(secret_size)),
      credentials_(clock, metrics),
      tokens_(clock, hosts, metrics, options),
      pings_(clock, hosts, options),
      ways_(clock) {}

Task<Result<Authorization>> Authorizer::begin(Place place) {
  const auto way = ways_.find(place.key());
  if (way && way->scheme == Scheme::none) co_return Authorization{};
  if (!way && !place.is_registry) co_return Authorization{};
  if (way && way->scheme == Scheme::bearer) {
    const auto token = tokens_.find(way->token_key);
    if (token) co_return Authorization{bearer_header(*token), *way, *token};
  }
  const Read credential = co_await read(place);
  if (!way) {
    auto first = co_await begin_by_ping(place, credential);
    co_return first;
  }
  place.registry = way->registry;
  const std::vector<Way> ways{*way};
  auto made = co_await first_of(place, ways, nothing_shown, credential);
  co_return made;
}

// A file that cannot be read counts once the registry asks for what is in it.
Task<Result<Authorization>> Authorizer::begin_by_ping(Place place, Read credential) {
  if (!credential || !*credential) co_return Authorization{};
  const Ping ping = co_await pings_.find_or_ask(place);
  if (!ping.asks) co_return Authorization{};
  place.registry = ping.reach;
  const std::vector<Way> ways = ways_of(ping.challenges, place);
  auto made = co_await first_of(place, ways, nothing_shown, credential);
  co_return made;
}

Task<Authorizer::Next> Authorizer::next(Place place, Authorization shown, Verdict verdict) {
  Next none = std::optional<Authorization>();
  if (shown.is_trial) {
    note_trial(place, shown, verdict.status);
    co_return none;
  }
  if (verdict.status == 401) {
    auto answer = co_await challenged(std::move(place), std::move(shown), std::move(verdict.challenges));
    co_return answer;
  }
  const bool may_have_ended = verdict.status == 400 || verdict.status == 403;
  if (may_have_ended && shown.way.scheme == Scheme::bearer && !shown.is_new) {
    auto answer = co_await with_another_token(std::move(place), std::move(shown));
    co_return answer;
  }
  const bool may_be_hidden = verdict.status == 400 || verdict.status == 403 || verdict.status == 404;
  if (!may_be_hidden || !place.may_see_credential) co_return none;
  auto answer = co_await refused(std::move(place), std::move(shown), std::move(verdict));
  co_return answer;
}

Task<Authorizer::Next> Authorizer::challenged(Place place, Authorization shown, std::vector<Challenge> challenges) {
  if (shown.way.scheme == Scheme::bearer && !shown.is_new) tokens_.remove(shown.way.token_key, shown.token);
  ways_.remove(place.key());
  if (!shown.way.fingerprint.empty()) credentials_.drop(place.target);
  const Read credential = co_await read(place);
  if (!credential) co_return tl::unexpected(credential.error());
  if (place.is_registry && *credential)
    pings_.store(place.target.name, Ping{challenges, true, place.registry.value_or(http::Reach::everywhere)});
  const bool is_refused = shown.way.scheme == Scheme::basic && shown.way.fingerprint == fingerprint(*credential);
  const std::vector<Way> ways = ways_of(challenges, place);
  auto made = co_await first_of_renewed(place, ways, std::move(shown), credential);
  if (!made) co_return tl::unexpected(made.error());
  if (made->value.empty() && is_refused) tell_refused(place);
  if (made->value.empty()) co_return std::optional<Authorization>();
  made->is_new = true;
  co_return std::optional<Authorization>(std::move(*made));
}

// Some registries refuse a token that has ended with 403 (ghcr.io) or 400 (public.ecr.aws), and without a challenge.
Task<Authorizer::Next> Authorizer::with_another_token(Place place, Authorization shown) {
  tokens_.remove(shown.way.token_key, shown.token);
  if (!shown.way.fingerprint.empty()) credentials_.drop(place.target);
  const Read credential = co_await read(place);
  if (!credential) co_return std::optional<Authorization>();
  const std::vector<Way> ways{std::move(shown.way)};
  auto made = co_await first_of(place, ways, nothing_shown, credential);
  if (!made) co_return tl::unexpected(made.error());
  if (made->value.empty()) co_return std::optional<Authorization>();
  made->is_new = true;
  co_return std::optional<Authorization>(std::move(*made));
}

// A registry may hide behind these statuses that a credential has ended, or that it wants one.
Task<Authorizer::Next> Authorizer::refused(Place place, Authorization shown, Verdict verdict) {
  Next none = std::optional<Authorization>();
  const bool may_be_missing = verdict.status == 404 && shown.way.scheme != Scheme::basic;
  if (!shown.way.fingerprint.empty() && !may_be_missing) credentials_.drop(place.target);
  const Read credential = co_await read(place);
  if (!credential || !*credential) co_return none;
  const std::string now = fingerprint(*credential);
  if (shown.value.empty() && !verdict.challenges.empty()) {
    auto answer = co_await challenged(std::move(place), std::move(shown), std::move(verdict.challenges));
    co_return answer;
  }
  if (shown.value.empty()) {
    if (!may_try_basic(place, verdict.status, now)) co_return none;
    Way way{Scheme::basic, {}, "", "", now, place.registry.value_or(http::Reach::everywhere)};
    Authorization trial{basic_header(**credential), std::move(way)};
    trial.is_trial = true;
    co_return std::optional<Authorization>(std::move(trial));
  }
  if (now == shown.way.fingerprint) co_return none;
  const std::vector<Way> ways{shown.way};
  auto made = co_await first_of(place, ways, nothing_shown, credential);
  if (!made) co_return tl::unexpected(made.error());
  if (made->value.empty()) co_return none;
  made->is_new = true;
  co_return std::optional<Authorization>(std::move(*made));
}

// The same, once more when the credential is another one by now: a helper's is kept until it is refused.
Task<Result<Authorization>> Authorizer::first_of_renewed(Place place, std::vector<Way> ways, Authorization shown,
                                                         Read credential) {
  auto made = co_await first_of(place, ways, shown, credential);
  if (!made || !made->value.empty() || !credential || !*credential) co_return made;
  const Read now = co_await read(place);
  if (!now || fingerprint(*now) == fingerprint(*credential)) co_return made;
  made = co_await first_of(place, ways, shown, now);
  co_return made;
}

// The first of the ways that gives something else than what has been shown; it is remembered. Empty when none does.
Task<Result<Authorization>> Authorizer::first_of(Place place, std::vector<Way> ways, Authorization shown,
                                                 Read credential) {
  if (!credential) co_return tl::unexpected(credential.error());
  for (Way& way : ways) {
    way.fingerprint = fingerprint(*credential);
    auto made = co_await by(place, way, shown, *credential);
    if (!made) {  // whatever was known of the registry may be out of date
      ways_.remove(place.key());
      pings_.remove(place.target.name);
      co_return tl::unexpected(made.error());
    }
    if (made->value.empty()) continue;
    ways_.store(place.key(), made->way);
    co_return std::move(*made);
  }
  ways_.remove(place.key());
  co_return Authorization{};
}

// Empty when this way gives nothing, or what has just been refused.
Task<Result<Authorization>> Authorizer::by(Place place, Way way, Authorization shown,
                                           std::optional<Credential> credential) {
  const bool is_same = shown.way.scheme == way.scheme && shown.way.fingerprint == way.fingerprint;
  if (way.scheme == Scheme::basic) {
    if (!credential || is_same) co_return Authorization{};
    co_return Authorization{basic_header(*credential), std::move(way)};
  }
  auto asked = question(place, way, credential);
  if (!asked) {
    tell_realm(place, asked.error().what);
    co_return Authorization{};
  }
  way.token_key = asked->key;
  if (is_same && shown.is_new && shown.way.token_key == way.token_key) co_return Authorization{};
  const bool is_kept = tokens_.find(way.token_key).has_value();
  const auto token = co_await tokens_.find_or_ask(std::move(*asked));
  if (!token) co_return tl::unexpected(token.error());
  if (token->empty() && credential) credentials_.drop(place.target);
  if (token->empty()) co_return Authorization{};
  Authorization made{bearer_header(*token), std::move(way), *token};
  made.is_new = !is_kept;
  co_return made;
}

Task<bool> Authorizer::has_credential(Target registry) {
  const Read credential = co_await credentials_.find(std::move(registry), "");
  co_return credential && credential->has_value();
}

Task<Authorizer::Read> Authorizer::read(Place place) {
  if (!place.may_see_credential) co_return std::optional<Credential>();
  auto credential = co_await credentials_.find(place.target, place.repository);
  co_return credential;
}

bool Authorizer::may_try_basic(const Place& place, unsigned status, const std::string& now) {
  if (!place.is_registry || (status != 403 && status != 404)) return false;
  const Ping* ping = pings_.find(place.target.name);
  if (ping == nullptr || ping->asks) return false;
  const bool is_safe = place.url.scheme == "https" || http::is_loopback(place.url.host);
  if (!is_safe && find_scheme(ping->challenges, "basic") == nullptr) return false;
  const auto way = ways_.find(place.key());
  return !way || way->fingerprint != now;
}

// What exists for anybody is asked with the credential from now on too, so that no question is asked twice.
void Authorizer::note_trial(const Place& place, const Authorization& shown, unsigned status) {
  const bool is_vain = status == 401 || status == 403;
  if (is_vain) {
    Way none = shown.way;
    none.scheme = Scheme::none;
    ways_.store(place.key(), std::move(none), vain_holds);
  } else if (status != 429 && status < 500) {
    ways_.store(place.key(), shown.way);
  }
}

// Of a secret that ends with the process, so that it says nothing of the credential.
std::string Authorizer::fingerprint(const std::optional<Credential>& credential) const {
  if (!credential) return {};
  const Secret text = Secret::of(
      {credential->username, "\n", credential->password.reveal(), "\n", credential->refresh_token.reveal()});
  return hex_text(hmac_sha256(secret_, bytes_of(text.reveal())));
}

Result<TokenQuestion> Authorizer::question(const Place& place, const Way& way,
                                           const std::optional<Credential>& credential) const {
  auto url = token_url(way.challenge, place.url, scope_of(way.repository));
  if (!url) return tl::unexpected(url.error());
  auto realm = realm_of(way.challenge, place.url);
  if (!realm) return tl::unexpected(realm.error());
  const std::string of_whom = name_of(place.target.url) + "\n" + place.target.ca +
                              (place.target.insecure ? "\n*\n" : "\n") + way.fingerprint + "\n";
  TokenQuestion asked;
  asked.key = of_whom + text(*url);
  asked.target = place.target;
  asked.url = std::move(*url);
  asked.refresh = {of_whom + text(*realm) + "\n" + way.challenge.parameter("service"), std::move(*realm),
                   way.challenge.parameter("service"), scope_of(way.repository)};
  asked.credential = credential;
  asked.registry = place.registry.value_or(http::Reach::everywhere);
  asked.may_be_plain = place.url.scheme == "http";
  return asked;
}

void Authorizer::tell_realm(const Place& place, const std::string& cause) {
  metrics_.refused_hosts.add();
  log::warning("origin", "token server not asked",
               {{"registry", place.target.name},
                {"host", place.url.authority()},
                {"cause", cause},
                {"next", "the registry's own configuration names its token server: it must be a URL, and https"}});
}

void Authorizer::tell_refused(const Place& place) {
  metrics_.refused_credentials.add();
  log::warning("origin", "credential refused",
               {{"registry", place.target.name},
                {"host", place.url.authority()},
                {"cause", "the registry answers 401"},
                {"next", "renew the credential of [upstreams.\"" + place.target.name + "\"]"}});
}

}  // namespace shoal::origin
