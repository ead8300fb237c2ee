// Authorizer: which authorization a request to a place carries, and what a refusal is answered with. Each host is
// answered for itself: no token and no credential of one is shown to another.
//
// A challenge is answered with a token (Bearer, of our own scope: to pull that repository) or with the configured
// credential (Basic). How a place is answered is remembered for its repositories, and Basic is read from its files each
// time. Where a credential is configured, the registry's `/v2/` is asked first, and the first request carries the
// authorization.
// Source: RFC 9110 section 11; docker token specification.
// Threads: the loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/core/bytes.hpp"
#include "shared/origin/credentials.hpp"
#include "shared/origin/pings.hpp"
#include "shared/origin/places.hpp"
#include "shared/origin/tokens.hpp"
#include "shared/origin/ways.hpp"

namespace shoal::origin {

// What a request carries.
struct Authorization {
  Secret value;            // of the header; empty for none
  Way way{};               // how it was made
  Secret token{};          // of Bearer
  bool is_new = false;     // it answers a refusal, or its token was asked for a moment ago
  bool is_trial = false;   // Basic that nothing asked for
};

// How it was answered.
struct Verdict {
  unsigned status = 0;
  std::vector<Challenge> challenges;
};

class Authorizer {
 public:
  Authorizer(Clock& clock, Hosts& hosts, Metrics& metrics, const Options& options);

  // For the first request to a place.
  Task<Result<Authorization>> begin(Place place);
  // For a repetition of the request that carried `shown`; nothing when the answer stands. `refused` when a credential's
  // file cannot be read, `unavailable` when no token can be had.
  Task<Result<std::optional<Authorization>>> next(Place place, Authorization shown, Verdict verdict);
  // One that can be read is configured for the registry itself.
  Task<bool> has_credential(Target registry);

 private:
  using Next = Result<std::optional<Authorization>>;
  using Read = Result<std::optional<Credential>>;
  Task<Read> read(Place place);
  Task<Result<Authorization>> first_of_renewed(Place place, std::vector<Way> ways, Authorization shown, Read credential);
  Task<Result<Authorization>> begin_by_ping(Place place, Read credential);
  Task<Next> challenged(Place place, Authorization shown, std::vector<Challenge> challenges);
  Task<Next> with_another_token(Place place, Authorization shown);
  Task<Next> refused(Place place, Authorization shown, Verdict verdict);
  Task<Result<Authorization>> first_of(Place place, std::vector<Way> ways, Authorization shown, Read credential);
  Task<Result<Authorization>> by(Place place, Way way, Authorization shown, std::optional<Credential> credential);
  bool may_try_basic(const Place& place, unsigned status, const std::string& now);
  void note_trial(const Place& place, const Authorization& shown, unsigned status);
  std::string fingerprint(const std::optional<Credential>& credential) const;
  Result<TokenQuestion> question(const Place& place, const Way& way, const std::optional<Credential>& credential) const;
  void tell_realm(const Place& place, const std::string& cause);
  void tell_refused(const Place& place);

  Metrics& metrics_;
  Bytes secret_;  // of the fingerprints: a credential is kept nowhere
  Credentials credentials_;
  Tokens tokens_;
  Pings pings_;
  Ways ways_;
};

}  // namespace shoal::origin
