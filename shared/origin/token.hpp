// Token: the question to a token endpoint, and its answer.
// Source: docker token specification ("Token Authentication Specification" and "OAuth2 Token Authentication").
//
// Threads: any.
#pragma once

#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"
#include "shared/core/secret.hpp"
#include "shared/http/client.hpp"
#include "shared/origin/challenge.hpp"

namespace shoal::origin {

// Eight times the longest token that is taken: an answer may name it twice, beside a refresh token.
inline constexpr ByteCount largest_token_answer{256 << 10};

// Of a token whose answer names none, or a shorter one: the specification's.
inline constexpr Milliseconds shortest_lifetime{60'000};

struct Token {
  Secret text;
  Milliseconds lifetime = shortest_lifetime;
  Secret refresh_token{};  // for the next question; empty when the answer has none that could be shown
};

// `unavailable` when it is not the JSON of a token that fits into a header. White space around a token is left out.
Result<Token> parse_token(ByteView answer);

// What is asked for, whatever a challenge asks for: to pull `repository`, or with no name to read the catalogue.
std::string scope_of(const std::string& repository);

// The one repository that a challenge's scope is about; empty when it names none or several.
std::string repository_of(const Challenge& challenge);

// Where to ask: the realm of the challenge, which may be relative to the URL that was challenged. `refused` when it is no
// URL, or is plain http for a registry that is not.
Result<http::Url> realm_of(const Challenge& challenge, const http::Url& challenged);
// The same with the question for a token of this scope.
Result<http::Url> token_url(const Challenge& challenge, const http::Url& challenged, const std::string& scope);

}  // namespace shoal::origin
