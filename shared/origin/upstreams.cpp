#include "shared/origin/upstreams.hpp"

#include <algorithm>

#include "shared/origin/configured_files.hpp"
#include "shared/origin/registry_name.hpp"

namespace shoal::origin {
namespace {

constexpr std::size_t longest_name = 255;  // of a repository; containerd's and docker's limit
constexpr std::size_t longest_tag = 128;   // distribution-spec, "Pulling manifests"

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

std::string default_url(const std::string& name) {
  return "https://" + (name == hub ? std::string("registry-1.docker.io") : name);
}

Target target_of(const std::string& name, http::Url url, const Upstream& upstream) {
  while (url.target.ends_with('/')) url.target.pop_back();
  return {.name = name,
          .url = std::move(url),
          .path_prefix = upstream.path_prefix,
          .ca = upstream.ca,
          .insecure = upstream.insecure,
          .username_file = upstream.username_file,
          .password_file = upstream.password_file,
          .auth_file = upstream.auth_file,
          .credential_helper = upstream.credential_helper,
          .client = upstream.client,
          .realms = upstream.realms,
          .redirects = upstream.redirects};
}

}  // namespace

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

std::string registry_at(const Options& options, const std::string& upstream) {
  const auto target = find_upstream(options, upstream);
  return target ? http::text(target->url) : registry_name(upstream);
}

std::string repository_at(const Target& target, const std::string& name) {
  return target.path_prefix.empty() || name.empty() ? name : target.path_prefix + "/" + name;
}

std::vector<std::string> without_prefix(const Target& target, std::vector<std::string> links) {
  if (target.path_prefix.empty()) return links;
  const std::string base = "/v2/";
  const std::string prefixed = base + target.path_prefix + "/";
  for (std::string& link : links) {
    for (std::size_t at = link.find(prefixed); at != std::string::npos; at = link.find(prefixed, at + base.size()))
      link.replace(at, prefixed.size(), base);
  }
  return links;
}

Result<std::optional<http::Proxy>> proxy_of(const Options& options, const std::string& upstream, const http::Url& url) {
  static const UpstreamProxy not_configured;
  const auto configured = options.upstreams.find(upstream);
  const UpstreamProxy& settings = configured == options.upstreams.end() ? not_configured : configured->second.proxy;
  if (settings.url.empty()) return std::nullopt;
  if (settings.url == proxy_of_environment) {
    const http::Proxy* proxy = find_proxy(options.proxies, url);
    return proxy == nullptr ? std::nullopt : std::optional(*proxy);
  }
  auto at = parse_proxy_url(settings.url);
  if (!at) return tl::unexpected(at.error());
  const auto credential = read_password_files(
      {"proxy_username_file", settings.username_file, "proxy_password_file", settings.password_file});
  if (!credential) return tl::unexpected(credential.error());
  http::Proxy proxy{std::move(*at), {}};
  if (*credential) proxy.authorization = basic_header(**credential);
  return proxy;
}

bool is_upstream_name(std::string_view name) {
  const auto url = http::parse_url("https://" + std::string(name));
  return url && url->target == "/" && name.find_first_of("/?") == std::string_view::npos;
}

bool has_credential_source(const Target& target) {
  return !target.username_file.empty() || !target.auth_file.empty() || !target.credential_helper.empty();
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
