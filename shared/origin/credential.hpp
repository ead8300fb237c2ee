// Credential: a user and its password, of a registry or of a proxy; of a registry also a refresh token of OAuth2.
//
// Threads: any.
#pragma once

#include <string>

#include "shared/core/secret.hpp"

namespace shoal::origin {

struct Credential {
  std::string username;
  Secret password;
  Secret refresh_token{};  // what docker calls an identity token: a token service gives tokens for it; empty for none
};

// "Basic ...", the value of Authorization or Proxy-Authorization. Source: RFC 7617.
Secret basic_header(const Credential& credential);

}  // namespace shoal::origin
