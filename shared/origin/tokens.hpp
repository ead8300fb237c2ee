// Tokens: the tokens of registries, each asked for by one question at a time, and kept in memory until shortly before
// it ends.
//
// A token endpoint is followed through at most 5 redirects, never from https to http for a registry on https. It gets the
// credential when it is on the registry's own host or domain, or named in `realms`. One that fails or limits its requests
// is asked up to 3 times within 5 s. A refresh token is shown as OAuth2 has it (oauth2.hpp), else as a password.
// Source: docker token specification.
// Threads: the loop.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/origin/hosts.hpp"
#include "shared/origin/in_flight.hpp"
#include "shared/origin/oauth2.hpp"
#include "shared/origin/token.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

struct TokenQuestion {
  std::string key;  // the same for two questions of the same realm, service, scope, credential and trust; not secret
  Target target;    // whose credential and rules
  http::Url url;    // the realm, with service and scope
  RefreshQuestion refresh;  // the same by a refresh token, when the credential has one
  std::optional<Credential> credential;
  http::Reach registry = http::Reach::everywhere;  // of the address by which the registry answered
  bool may_be_plain = false;                       // the registry is on http
};

class Tokens {
 public:
  Tokens(Clock& clock, Hosts& hosts, Metrics& metrics, const Options& options)
      : clock_(clock), hosts_(hosts), metrics_(metrics), options_(options) {}

  // The kept one, nothing once it is due.
  std::optional<Secret> find(const std::string& key) const;
  // The kept one, else the endpoint's answer, empty when it or our rules refuse: both were told. An error is shared by
  // those who wait for it and by those who ask within a second. `unavailable` with the time that the endpoint named.
  Task<Result<Secret>> find_or_ask(TokenQuestion question);
  // A registry has refused this token; another one that is kept meanwhile stays.
  void remove(const std::string& key, const Secret& token);

  std::size_t size() const { return tokens_.size(); }

 private:
  using Answer = Result<Secret>;
  struct Kept {
    Secret text;
    Time due;  // another one is to be asked for
    Time ends;
  };
  struct Failure {
    Answer answer;
    Time until;
  };
  struct Attempt {
    Result<Token> token;
    bool may_repeat = false;
  };
  using Response = Result<std::unique_ptr<http::ClientResponse>>;
  Task<Result<Token>> ask(TokenQuestion question);
  Task<Attempt> ask_once(TokenQuestion question);
  Task<std::optional<Attempt>> ask_by_refresh(TokenQuestion question);
  Task<Attempt> read(TokenQuestion question, Response response);
  Task<Response> follow(TokenQuestion question, Secret form);
  Answer keep(const std::string& key, const Result<Token>& token);
  std::string fault_of(const TokenQuestion& question, const http::Url& url) const;
  Error not_asked(const TokenQuestion& question, const http::Url& url, const std::string& cause);
  Attempt attempt_of_refusal(const TokenQuestion& question, unsigned status);

  Clock& clock_;
  Hosts& hosts_;
  Metrics& metrics_;
  const Options& options_;
  std::map<std::string, Kept> tokens_;
  std::map<std::string, Failure> failures_;
  RefreshTokens refresh_tokens_;
  InFlight<Answer> asked_;
};

}  // namespace shoal::origin
