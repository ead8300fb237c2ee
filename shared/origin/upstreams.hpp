// Upstreams: the registries that this node may ask. A name from a client is only a key into this table or must match
// the allowed pattern; a client's request alone makes no connection to another name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/config/config.hpp"
#include "shared/core/result.hpp"
#include "shared/http/client.hpp"
#include "shared/origin/credential.hpp"
#include "shared/origin/proxies.hpp"
#include "shared/origin/turns.hpp"

namespace shoal::origin {

// Who may have what an agent serves of a registry.
inline constexpr const char* access_origin = "origin";  // whom the registry lets in
inline constexpr const char* access_node = "node";      // all who reach the agent's port

inline constexpr const char* proxy_of_environment = "environment";

struct UpstreamProxy {
  std::string url = proxy_of_environment;  // or "http://HOST:PORT"; empty: none
  std::string username_file;               // both or none
  std::string password_file;
};

struct Upstream {
  std::string url;          // "https://registry.example.com"; empty: https:// and the key
  std::string path_prefix;  // of every repository, "hub-proxy" of a proxy cache at /v2/hub-proxy/; empty: none
  std::string ca;           // PEM file with the certificates to trust instead of the system's
  bool insecure = false;    // no certificate verification
  // One source of a credential, or none.
  std::string username_file;  // both or none
  std::string password_file;
  std::string auth_file;          // of docker or podman
  std::string credential_helper;  // "ecr-login" of docker-credential-ecr-login, or its path
  http::ClientCertificate client;
  UpstreamProxy proxy;
  std::vector<std::string> realms;     // further hosts that may see the credential, for a token (named_hosts.hpp)
  std::vector<std::string> redirects;  // further hosts that the registry may redirect to, wherever their addresses are
};

// Of agents alone: docs/access.md.
struct UpstreamAccess {
  std::string mode;               // access_origin, access_node; empty: as [registry] says
  Milliseconds offline_grace{0};  // how long an ended grant counts again while the registry is down
};

struct Options {
  std::map<std::string, Upstream> upstreams;  // by key: registry_name of "HOST[:PORT]" as image names write it
  std::map<std::string, UpstreamAccess> access;  // by the same keys
  std::map<std::string, std::string> aliases;  // keys of tables by further names, as registry_name writes them
  std::vector<std::string> allow;             // further names, exact or "*.example.com[:PORT]", reached by https
  // Of every request; not configurable. A body that stops for 8 s is requested again by Range: agents wait meanwhile.
  http::ClientLimits limits{.silence = Milliseconds(8'000)};
  TurnLimits turns;  // of requests to a registry that limits them
  EnvironmentProxies proxies;  // of upstreams that name none
};

// Reads, checks and prints `[upstreams]`, with `allow`, and each `[upstreams."HOST[:PORT]"]`; reads the environment's
// proxies.
void describe(config::Section& root, Options& options);

// An upstream that may be asked: its URL, trust and source of a credential.
struct Target {
  std::string name;         // the key
  http::Url url;            // its path comes before /v2/
  std::string path_prefix;  // of repositories, without slashes at its ends
  std::string ca;
  bool insecure = false;
  std::string username_file;
  std::string password_file;
  std::string auth_file;
  std::string credential_helper;
  http::ClientCertificate client;
  std::vector<std::string> realms;
  std::vector<std::string> redirects;
};

// The files that the upstreams name and that cannot be used now: each with its key and the cause.
struct UnreadableFile {
  std::string upstream;
  std::string key;
  std::string cause;  // with the file's name
};
std::vector<UnreadableFile> unreadable_files(const Options& options);

// The registry that `written` means (find_registry). `not_found` with a line that says how to configure it.
Result<Target> find_upstream(const Options& options, const std::string& written);

// Where the registry is: its URL. Upstreams of different names may lead to one registry.
std::string registry_at(const Options& options, const std::string& upstream);

// The name by which the registry has a repository: with the upstream's prefix. An empty name, the registry itself, has none.
std::string repository_at(const Target& target, const std::string& name);
// Links of an answer as they would be without the prefix: RFC 8288, `</v2/hub-proxy/library/a/tags/list?last=b>; rel="next"`.
std::vector<std::string> without_prefix(const Target& target, std::vector<std::string> links);

// What is configured now for requests of this upstream to this URL, a redirect's target or a realm too; nothing:
// directly. The error is of a file that cannot be read.
Result<std::optional<http::Proxy>> proxy_of(const Options& options, const std::string& upstream, const http::Url& url);

// "HOST[:PORT]" and nothing else.
bool is_upstream_name(std::string_view name);

bool has_credential_source(const Target& target);  // a file or a program is configured

// A repository's name by the OCI grammar; "library/" is not added.
bool is_repository_name(std::string_view name);
bool is_tag(std::string_view reference);

}  // namespace shoal::origin
