#include "shared/origin/auth_file.hpp"

#include <algorithm>

#include "shared/core/bytes.hpp"
#include "shared/json/reader.hpp"
#include "shared/origin/configured_files.hpp"

namespace shoal::origin {
namespace {

constexpr json::Limits file_limits{.token_bytes = longest_secret + 1'024, .values = 64 << 10};
constexpr const char* hub_host = "docker.io";
constexpr const char* hub_server = "https://index.docker.io/v1/";
constexpr const char* zeros = "00000000-0000-0000-0000-000000000000";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Docker Hub has several names.
std::string host_key(std::string host) {
  if (host.ends_with(":443")) host.resize(host.size() - 4);
  const bool is_hub = host == "index.docker.io" || host == "registry-1.docker.io";
  return is_hub ? hub_host : host;
}

// "https://index.docker.io/v1/" and "docker.io" are one key; a path behind a scheme, or /v1/ and /v2/, is no namespace.
std::string normal_key(std::string_view text) {
  std::string key = lower_case(text);
  const std::size_t scheme = key.find("://");
  const bool has_scheme = scheme != std::string::npos;
  if (has_scheme) key.erase(0, scheme + 3);
  const std::size_t slash = std::min(key.find('/'), key.size());
  std::string path = has_scheme ? "" : key.substr(slash);
  while (path.ends_with('/')) path.pop_back();
  if (path == "/v1" || path == "/v2") path.clear();
  return host_key(key.substr(0, slash)) + path;
}

void put(AuthFile::Entry& entry, std::string_view field, std::string_view value) {
  if (field == "auth") entry.auth = Secret(value);
  if (field == "username") entry.username = value;
  if (field == "password") entry.password = Secret(value);
  if (field == "identitytoken") entry.identity_token = Secret(value);
}

void put(AuthFile& file, const json::Place& place, const json::Value& value) {
  const auto* view = std::get_if<std::string_view>(&value);
  const std::string_view text = view == nullptr ? std::string_view() : *view;
  if (place.is({"credsStore"})) file.store = text;
  if (place.depth() == 2 && place.name(0) == "credHelpers") file.helpers[normal_key(place.name(1))] = text;
  if (place.depth() < 2 || place.name(0) != "auths") return;
  AuthFile::Entry& entry = file.entries[normal_key(place.name(1))];
  if (place.depth() == 3) put(entry, place.name(2), text);
}

Result<Credential> credential_of(const AuthFile::Entry& entry, const http::Url& registry, const std::string& key) {
  std::string username = entry.username;
  Secret password = entry.password;
  if (!entry.auth.empty()) {
    auto bytes = parse_base64(entry.auth.reveal());
    const Secret decoded(bytes ? text_of(*bytes) : std::string_view());
    if (bytes) wipe(*bytes);
    const std::string_view text = decoded.reveal();
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
      return fail(ErrorKind::refused, "the entry of " + key + " is not base64 of USER:PASSWORD; log in to that registry again");
    username = text.substr(0, colon);
    password = Secret(text.substr(colon + 1));
    while (password.reveal().ends_with('\0')) password.shorten(password.size() - 1);  // as docker does
  }
  Credential credential{std::move(username), std::move(password)};
  if (!entry.identity_token.empty()) return of_identity_token(registry, std::move(credential), entry.identity_token);
  return credential;
}

// "host/a/b" for the repository a/b, then "host/a", then "host".
std::vector<std::string> keys_of(const http::Url& registry, const std::string& repository) {
  std::string key = host_key(registry.authority());
  if (!repository.empty()) key += "/" + lower_case(repository);
  std::vector<std::string> keys;
  while (true) {
    keys.push_back(key);
    const std::size_t slash = key.rfind('/');
    if (slash == std::string::npos) return keys;
    key.resize(slash);
  }
}

}  // namespace

Result<AuthFile> parse_auth_file(std::string_view text) {
  AuthFile file;
  bool is_object = false;
  const auto read = json::read(text, file_limits, [&](const json::Place& place, const json::Value& value) {
    if (place.depth() == 0) is_object = std::holds_alternative<json::Object>(value);
    put(file, place, value);
  });
  if (!read) return tl::unexpected(read.error());
  if (!is_object) return fail(ErrorKind::refused, "is no JSON object, as docker's config.json and podman's auth.json are");
  return file;
}

Result<Choice> choose(const AuthFile& file, const http::Url& registry, const std::string& repository) {
  const std::string server = server_address(registry);
  const auto helper = file.helpers.find(host_key(registry.authority()));
  if (helper != file.helpers.end() && !helper->second.empty()) return Choice{{}, helper->second, server};
  for (const std::string& key : keys_of(registry, repository)) {
    const auto entry = file.entries.find(key);
    if (entry == file.entries.end() || entry->second.is_empty()) continue;
    auto credential = credential_of(entry->second, registry, key);
    if (!credential) return tl::unexpected(credential.error());
    return Choice{std::move(*credential), "", ""};
  }
  return Choice{{}, file.store, file.store.empty() ? std::string() : server};
}

bool names_registry(const AuthFile& file, const http::Url& registry) {
  const std::string host = host_key(registry.authority());
  if (!file.store.empty() || file.helpers.contains(host)) return true;
  return std::any_of(file.entries.begin(), file.entries.end(), [&](const auto& entry) {
    return !entry.second.is_empty() && (entry.first == host || entry.first.starts_with(host + "/"));
  });
}

std::string server_address(const http::Url& registry) {
  const std::string host = host_key(registry.authority());
  return host == hub_host ? hub_server : registry.authority();
}

Credential of_identity_token(const http::Url& registry, Credential beside, Secret token) {
  const std::string& host = registry.host;
  const bool is_azure = host.ends_with(".azurecr.io") || host.ends_with(".azurecr.cn") || host.ends_with(".azurecr.us");
  std::string& username = beside.username;
  if (username.empty() || username == "<token>") username = is_azure ? zeros : "<token>";
  if (beside.password.empty()) beside.password = token;
  beside.refresh_token = std::move(token);
  return beside;
}

Result<AuthFile> read_auth_file(const std::string& path) {
  const auto text = read_whole(path, longest_auth_file);
  if (!text) return tl::unexpected(text.error());
  auto file = parse_auth_file(text->reveal());
  if (!file) return unreadable(path + ": " + file.error().what);
  return file;
}

}  // namespace shoal::origin
