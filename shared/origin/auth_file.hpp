// AuthFile: the credentials of docker's config.json and podman's auth.json. Pure.
// Source: containers-auth.json(5), "FORMAT"; docker login, "Credential stores" and "Credential helpers".
//
// Threads: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shared/core/result.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

struct AuthFile {
  struct Entry {
    Secret auth;  // base64 of "USER:PASSWORD"
    std::string username;
    Secret password;
    Secret identity_token;
    bool is_empty() const { return auth.empty() && username.empty() && password.empty() && identity_token.empty(); }
  };
  std::map<std::string, Entry> entries;        // by "HOST[:PORT][/NAMESPACE...]", lower case
  std::map<std::string, std::string> helpers;  // credHelpers: name by "HOST[:PORT]"
  std::string store;                           // credsStore: the helper for all other registries
};

// `refused` when it is not such JSON.
Result<AuthFile> parse_auth_file(std::string_view text);

// What a file says of a repository at a registry.
struct Choice {
  std::optional<Credential> credential;
  std::string helper;  // to be asked instead; empty for none
  std::string server;  // what to ask it for
};
// A helper for the registry's host, else the entry with the longest part of "HOST/REPOSITORY", else the store. The host
// is the one that is asked: a credential for another registry is never chosen. `refused` when the entry is malformed.
Result<Choice> choose(const AuthFile& file, const http::Url& registry, const std::string& repository);
// Whether `choose` may find something for any of its repositories.
bool names_registry(const AuthFile& file, const http::Url& registry);

// How docker's helpers and files name a registry: its host, and "https://index.docker.io/v1/" for Docker Hub.
std::string server_address(const http::Url& registry);

// The credential that docker's two ways of naming a token stand for: the user "<token>" and an identity token. It is a
// refresh token of OAuth2 (oauth2.hpp). Where a token service does not take it as one, it stands in for a password that
// `beside` lacks: of the user "<token>", at Azure's registries of a user of zeros.
// Source: learn.microsoft.com, "Authenticate with an Azure container registry", az acr login with --expose-token;
// docker-credential-helpers, "Development", for "<token>".
Credential of_identity_token(const http::Url& registry, Credential beside, Secret token);

// Errors as those of configured_files.hpp.
Result<AuthFile> read_auth_file(const std::string& path);

}  // namespace shoal::origin
