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
#include "shared/origin/turns.hpp"

namespace shoal::origin {

struct Upstream {
  std::string url;            // "https://registry.example.com"; empty: https:// and the key
  std::string ca;             // PEM file with the certificates to trust instead of the system's
  std::string username_file;  // both or none
  std::string password_file;
  bool insecure = false;  // no certificate verification
};

struct Options {
  std::map<std::string, Upstream> upstreams;  // by key: registry_name of "HOST[:PORT]" as image names write it
  std::map<std::string, std::string> aliases;  // keys of tables by further names, as registry_name writes them
  std::vector<std::string> allow;             // further names, exact or "*.example.com[:PORT]", reached by https
  // Of every request; not configurable. A body that stops for 8 s is requested again by Range: agents wait meanwhile.
  http::ClientLimits limits{.silence = Milliseconds(8'000)};
  TurnLimits turns;  // of requests to a registry that limits them
};

// Reads, checks and prints `[upstreams]`, with `allow`, and each `[upstreams."HOST[:PORT]"]`.
void describe(config::Section& root, Options& options);

struct Credential {
  std::string username;
  std::string password;
};

// An upstream that may be asked: its URL, trust and credential.
struct Target {
  std::string name;  // the key
  http::Url url;     // its path comes before /v2/
  std::string ca;
  bool insecure = false;
  std::string username_file;
  std::string password_file;
};

// The contents of a configured credential's files now, without a last line break; nothing when none is configured.
// `refused` when a file cannot be read or has a character that Basic cannot carry: the error names key and file.
Result<std::optional<Credential>> read_credential(const Target& target);

// The files that the upstreams name and that cannot be used now: each with its key and the cause.
struct UnreadableFile {
  std::string upstream;
  std::string key;
  std::string cause;  // with the file's name
};
std::vector<UnreadableFile> unreadable_files(const Options& options);

// The registry that `written` means (find_registry). `not_found` with a line that says how to configure it.
Result<Target> find_upstream(const Options& options, const std::string& written);

// A repository's name by the OCI grammar; "library/" is not added.
bool is_repository_name(std::string_view name);
bool is_tag(std::string_view reference);

}  // namespace shoal::origin
