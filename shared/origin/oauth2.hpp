// OAuth2: the question for a token by a refresh token, which docker's files and credential helpers call an identity
// token: POST of a form to the realm. The answer is that of token.hpp, and may hold the refresh token for the next time.
// Source: distribution, "OAuth2 Token Authentication"; RFC 6749 section 6; containerd, core/remotes/docker/auth/fetch.go
// (the form) and authorizer.go (after which answers a token is asked for by GET).
//
// Threads: any; RefreshTokens: the loop.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "shared/core/secret.hpp"
#include "shared/http/client.hpp"

namespace shoal::origin {

struct RefreshQuestion {
  std::string key;  // the same for two questions of one realm, service, credential and trust; not secret
  http::Url realm;
  std::string service;
  std::string scope;
};

// The form, percent-encoded.
Secret refresh_form(const RefreshQuestion& question, const Secret& refresh_token);
// Makes the request one that sends it.
void make_form_request(http::ClientRequest& request, const Secret& form);

// Whether an endpoint that gives tokens by GET only may answer POST so: 404 (Google's of 2017), 401 (Artifactory), 400
// (Azure, to a password), 405; 303 leads to a page. A refresh token that is refused is answered with 400 or 401 too, and
// GET says the last word then.
bool may_lack_oauth2(unsigned status);

// The refresh tokens that endpoints gave in place of the configured ones, in memory alone: RFC 6749 has the old one
// discarded.
class RefreshTokens {
 public:
  std::optional<Secret> find(const std::string& key) const;
  void store(const std::string& key, const Secret& token);  // an empty one says that there is no other
  void remove(const std::string& key) { tokens_.erase(key); }

 private:
  std::map<std::string, Secret> tokens_;
};

}  // namespace shoal::origin
