#include "agent/registry/conditions.hpp"

#include <algorithm>

namespace shoal::agent::registry {
namespace {

void skip(std::string_view& text, std::string_view characters) {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

}  // namespace

std::string entity_tag(const Digest& digest) {
  return "\"" + digest.text() + "\"";
}

bool has_already(const std::optional<std::string>& if_none_match, const Digest& digest) {
  if (!if_none_match) return false;
  const std::string own = entity_tag(digest);
  std::string_view rest = *if_none_match;
  skip(rest, " \t");
  if (rest.substr(0, rest.find_last_not_of(" \t") + 1) == "*") return true;
  for (skip(rest, " \t,"); !rest.empty(); skip(rest, " \t,")) {
    if (rest.starts_with("W/")) rest.remove_prefix(2);
    if (!rest.starts_with('"')) return false;
    const std::size_t end = rest.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (rest.substr(0, end + 1) == own) return true;
    rest.remove_prefix(end + 1);
    if (!rest.empty() && std::string_view(" \t,").find(rest[0]) == std::string_view::npos) return false;
  }
  return false;
}

bool range_counts(const std::optional<std::string>& if_range, const Digest& digest) {
  return !if_range || *if_range == entity_tag(digest);
}

}  // namespace shoal::agent::registry
