// Token: the answer of a token endpoint, the question to it, and the authorizations that are kept in memory.
// Source: docker token specification ("Token Authentication Specification"), OAuth2 is not used.
//
// Threads: the loop.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/http/client.hpp"
#include "shared/origin/challenge.hpp"

namespace shoal::origin {

// Eight times the longest token that is taken: an answer may name it twice, beside a refresh token.
inline constexpr ByteCount largest_token_answer{256 << 10};

inline constexpr Milliseconds default_lifetime{60'000};  // of a token whose answer names none: the specification's

struct Token {
  std::string text;
  Milliseconds lifetime = default_lifetime;
};

// `unavailable` when it is not the JSON of a token that fits into a header.
Result<Token> parse_token(ByteView answer);

// Where to ask for a token that lets `repository` be pulled, or with no name the catalogue be read. `refused` when the
// challenge's realm is no URL, is plain http for a registry that is not, or, with a credential to present, is not on
// the registry's own host or domain.
Result<http::Url> token_url(const Challenge& challenge, const http::Url& registry, const std::string& repository,
                            bool with_credential);

// Values of `Authorization` by (upstream, repository), until shortly before they expire. At most 1,024: the one that
// expires first makes room.
class Authorizations {
 public:
  explicit Authorizations(Clock& clock) : clock_(clock) {}

  std::string find(const std::string& upstream, const std::string& repository) const;  // empty when there is none
  void store(const std::string& upstream, const std::string& repository, std::string value, Milliseconds lifetime);
  void remove(const std::string& upstream, const std::string& repository);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string value;
    Time due;
  };
  Clock& clock_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

}  // namespace shoal::origin
