#include "shared/origin/registry_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "shared/origin/upstreams.hpp"

namespace shoal::origin {
namespace {

constexpr std::array<std::string_view, 3> names_of_hub{hub, "index.docker.io", "registry-1.docker.io"};
constexpr std::size_t longest_port = 5;  // digits

bool is_of_hub(std::string_view name) {
  return std::ranges::find(names_of_hub, name) != names_of_hub.end();
}

// "HOST[:PORT]" and nothing else.
std::optional<http::Url> parse_name(std::string_view name) {
  auto url = http::parse_url("https://" + std::string(name));
  if (!url || url->target != "/" || name.find_first_of("/?") != std::string_view::npos) return std::nullopt;
  return std::move(*url);
}

// Without the scheme's port and the dots at the end: spelled twice, it is the same.
std::string spelled(http::Url url) {
  while (url.host.size() > 1 && url.host.ends_with('.')) url.host.pop_back();
  return url.authority();
}

bool looks_like_registry(std::string_view component) {
  return component == "localhost" || component.find_first_of(".:") != std::string_view::npos;
}

bool is_configured(const Options& options, const std::string& key) {
  return find_upstream(options, key).has_value();
}

// Takes `key` for `table`, unless another table has it.
void claim(config::Section& section, std::string_view field, const std::string& key, const std::string& table,
           NamedRegistries& named) {
  const auto [other, is_new] = named.try_emplace(key, table);
  if (is_new || other->second == table) return;
  section.fault(field, "\"" + key + "\" is the registry of [upstreams.\"" + other->second +
                           "\"] already; keep one table for it");
}

}  // namespace

std::string registry_name(std::string_view written) {
  auto url = parse_name(written);
  if (!url) return std::string(written);
  std::string name = spelled(std::move(*url));
  return is_of_hub(name) ? hub : name;
}

std::optional<std::string> with_port(std::string_view component) {
  const std::size_t mark = component.rfind('_');
  if (mark == std::string_view::npos || mark == 0 || component.find(':') != std::string_view::npos) return std::nullopt;
  const std::string_view digits = component.substr(mark + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool is_port = error == std::errc() && end == digits.data() + digits.size() && port > 0 &&
                       digits.size() <= longest_port && digits[0] != '0';
  if (!is_port) return std::nullopt;
  std::string name = std::string(component.substr(0, mark)) + ":" + std::string(digits);
  return parse_name(name) ? std::optional(std::move(name)) : std::nullopt;
}

std::string find_registry(const Options& options, std::string_view written) {
  std::string name = registry_name(written);
  const auto alias = options.aliases.find(name);
  return alias == options.aliases.end() ? name : alias->second;
}

std::optional<std::string> find_registry_in_path(const Options& options, const std::string& component) {
  if (component.empty() || component.starts_with('.')) return std::nullopt;
  std::string name = registry_name(component);
  std::string key = find_registry(options, name);
  const bool is_alias = key != name;
  if (is_alias || (looks_like_registry(component) && is_configured(options, key))) return key;
  if (const auto escaped = with_port(component)) {
    std::string of_escaped = find_registry(options, *escaped);
    const std::string_view host = std::string_view(component).substr(0, component.rfind('_'));
    if (looks_like_registry(host) || is_configured(options, of_escaped)) return of_escaped;
  }
  return looks_like_registry(component) ? std::optional(std::move(key)) : std::nullopt;
}

bool allows(const std::string& pattern, const std::string& key) {
  if (!pattern.starts_with("*.")) return registry_name(pattern) == key;
  auto url = parse_name(std::string_view(pattern).substr(2));
  if (!url) return false;
  const std::string domain = "." + spelled(std::move(*url));
  const auto is_below = [&domain](std::string_view name) {
    return name.size() > domain.size() && name.ends_with(domain);
  };
  return is_below(key) || (key == hub && std::ranges::any_of(names_of_hub, is_below));
}

void describe_names(config::Section& section, const std::string& table, std::map<std::string, std::string>& key_of_alias,
                    NamedRegistries& named) {
  const std::string key = registry_name(table);
  std::vector<std::string> aliases;
  for (const auto& [alias, of_key] : key_of_alias) {
    if (of_key == key) aliases.push_back(alias);
  }
  section.key("aliases", aliases,
              "Further names of it in requests: HOST[:PORT], or a word for the path of a mirror, as in "
              "\"127.0.0.1:7070/corp\".");
  if (!parse_name(table)) section.fault("url", "\"" + table + "\" is not HOST[:PORT]");
  claim(section, "url", key, table, named);
  for (const std::string& alias : aliases) {
    const bool is_component = is_repository_name(alias) && alias.find('/') == std::string::npos;
    if (!parse_name(alias) && !is_component) {
      section.fault("aliases", "\"" + alias + "\" is neither HOST[:PORT] nor a word in lower case");
    }
    claim(section, "aliases", registry_name(alias), table, named);
    if (registry_name(alias) != key) key_of_alias[registry_name(alias)] = key;
  }
}

}  // namespace shoal::origin
