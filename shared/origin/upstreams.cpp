#include "shared/origin/upstreams.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "shared/http/server.hpp"
#include "shared/origin/registry_name.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t longest_name = 255;  // of a repository; containerd's and docker's limit
constexpr std::size_t longest_tag = 128;   // distribution-spec, "Pulling manifests"
constexpr std::size_t longest_credential = 64 << 10;  // a file named by mistake; a token in a header has less

bool is_lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_word_character(char c) {
  return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

// Lower-case words separated by ".", "_", "__" or any number of "-".
bool is_name_component(std::string_view text) {
  while (true) {
    std::size_t word = 0;
    while (word < text.size() && is_lower_alphanumeric(text[word])) ++word;
    if (word == 0) return false;
    text.remove_prefix(word);
    if (text.empty()) return true;
    const std::size_t dashes = std::min(text.find_first_not_of('-'), text.size());
    const std::size_t separator = dashes > 0 ? dashes : text.starts_with("__") ? 2 : 1;
    if (dashes == 0 && text[0] != '.' && text[0] != '_') return false;
    text.remove_prefix(separator);
  }
}

// "HOST[:PORT]" and nothing else.
bool is_upstream_name(std::string_view name) {
  const auto url = http::parse_url("https://" + std::string(name));
  return url && url->target == "/" && name.find_first_of("/?") == std::string_view::npos;
}

std::string default_url(const std::string& name) {
  return "https://" + (name == hub ? std::string("registry-1.docker.io") : name);
}

void describe_upstream(config::Section& section, Upstream& upstream) {
  section.key("url", upstream.url, "Where it is; empty for https:// and the name.");
  section.key("ca", upstream.ca, "PEM file with the certificates to trust instead of the system's.");
  section.key("username_file", upstream.username_file, "File with the user name to authenticate with.");
  section.key("password_file", upstream.password_file, "File with the password or access token.");
  section.key("insecure", upstream.insecure, "Accept any certificate. For tests only.");
  if (!upstream.url.empty()) {
    const auto url = http::parse_url(upstream.url);
    if (!url) section.fault("url", url.error().what);
    if (url && url->target.find('?') != std::string::npos) section.fault("url", "must not have a query");
  }
  if (upstream.username_file.empty() != upstream.password_file.empty()) {
    section.fault(upstream.username_file.empty() ? "password_file" : "username_file",
                  "username_file and password_file belong together");
  }
  section.check_file("ca", upstream.ca);
  section.check_file("username_file", upstream.username_file);
  section.check_file("password_file", upstream.password_file);
  const auto url = http::parse_url(upstream.url);
  if (!upstream.password_file.empty() && url && url->scheme == "http" && !http::is_loopback(url->host)) {
    section.warning("password_file", "the password travels unencrypted to " + url->host + "; use an https url");
  }
}

void describe_allow(config::Section& section, Options& options) {
  section.key("allow", options.allow,
              "Further registries that may be asked, by https and without a credential: exact names or "
              "\"*.example.com\".");
  for (const std::string& pattern : options.allow) {
    const std::string name = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
    if (!is_upstream_name(name)) section.fault("allow", "\"" + pattern + "\" is neither HOST[:PORT] nor *.DOMAIN");
  }
}

Target target_of(const std::string& name, http::Url url, const Upstream& upstream) {
  while (url.target.ends_with('/')) url.target.pop_back();
  return {name, std::move(url), upstream.ca, upstream.insecure, upstream.username_file, upstream.password_file};
}

tl::unexpected<Error> unreadable(std::string what) {
  return tl::unexpected<Error>(Error{ErrorKind::refused, std::move(what), Milliseconds(0), Fault::file_unreadable});
}

// Of a key that names a file.
Result<std::string> under_key(const char* key, Result<std::string> value) {
  return value.map_error([key](Error error) {
    error.what = std::string(key) + " " + error.what;
    return error;
  });
}

Result<std::string> read_secret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(longest_credential + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() || file.gcount() == 0)
    return unreadable(path + ": cannot be read, is empty or too long");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  const bool sound = std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (!sound || text.empty()) return unreadable(path + ": must hold exactly one line");
  return text;
}

Result<std::string> read_username(const std::string& path) {
  auto username = read_secret(path);
  if (username && username->find(':') != std::string::npos) return unreadable(path + ": a user name cannot contain a colon");
  return username;
}

Result<std::string> read_ca(const std::string& path) {
  if (std::ifstream(path).good()) return path;
  return unreadable(path + ": cannot be read");
}

}  // namespace

void describe(config::Section& root, Options& options) {
  root.section("upstreams", [&options](config::Section& upstreams) {
    describe_allow(upstreams, options);
    std::vector<std::string> names;
    for (const auto& [name, upstream] : options.upstreams) names.push_back(name);
    if (names.empty()) {
      upstreams.example("registry.example.com:5000", [](config::Section& section) {
        Upstream example;
        NamedRegistries named;
        std::map<std::string, std::string> no_aliases;
        describe_upstream(section, example);
        describe_names(section, "registry.example.com:5000", no_aliases, named);
      });
    }
    NamedRegistries named;
    upstreams.each("", names, [&](const std::string& name, config::Section& section) {
      describe_upstream(section, options.upstreams[registry_name(name)]);
      describe_names(section, name, options.aliases, named);
    });
  });
}

Result<std::optional<Credential>> read_credential(const Target& target) {
  if (target.username_file.empty()) return std::nullopt;
  auto username = under_key("username_file", read_username(target.username_file));
  if (!username) return tl::unexpected(username.error());
  auto password = under_key("password_file", read_secret(target.password_file));
  if (!password) return tl::unexpected(password.error());
  return Credential{std::move(*username), std::move(*password)};
}

std::vector<UnreadableFile> unreadable_files(const Options& options) {
  std::vector<UnreadableFile> files;
  for (const auto& [name, upstream] : options.upstreams) {
    const auto check = [&](const char* key, const std::string& path, auto read) {
      if (path.empty()) return;
      const Result<std::string> content = read(path);
      if (!content) files.push_back({name, key, content.error().what});
    };
    check("ca", upstream.ca, read_ca);
    check("username_file", upstream.username_file, read_username);
    check("password_file", upstream.password_file, read_secret);
  }
  return files;
}

Result<Target> find_upstream(const Options& options, const std::string& written) {
  const std::string name = find_registry(options, written);
  const auto configured = options.upstreams.find(name);
  const bool allowed = std::any_of(options.allow.begin(), options.allow.end(),
                                   [&](const std::string& pattern) { return allows(pattern, name); });
  if (!is_upstream_name(name) || (configured == options.upstreams.end() && !allowed)) {
    return fail(ErrorKind::not_found, "registry \"" + name + "\" is not configured; add [upstreams.\"" + name +
                                          "\"] or name it in the `allow` list");
  }
  const Upstream upstream = configured == options.upstreams.end() ? Upstream{} : configured->second;
  auto url = http::parse_url(upstream.url.empty() ? default_url(name) : upstream.url);
  if (!url) return tl::unexpected(url.error());
  return target_of(name, std::move(*url), upstream);
}

bool is_repository_name(std::string_view name) {
  if (name.size() > longest_name) return false;
  while (true) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    if (!is_name_component(name.substr(0, slash))) return false;
    if (slash == name.size()) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view reference) {
  if (reference.empty() || reference.size() > longest_tag || !is_word_character(reference[0])) return false;
  return std::all_of(reference.begin(), reference.end(),
                     [](char c) { return is_word_character(c) || c == '.' || c == '-'; });
}

}  // namespace shoal::origin
