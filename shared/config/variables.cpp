#include "shared/config/variables.hpp"

#include <algorithm>

namespace shoal::config {
namespace {

constexpr std::string_view prefix = "SHOAL_";
constexpr std::size_t longest_name = 128;  // that near ones are looked for
constexpr std::size_t most_near = 3;       // names in a line
constexpr std::size_t near = 4;            // letters that may differ: two swapped are two

char upper_case(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 'A');
  return c == '.' || c == '-' ? '_' : c;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Source: Kubernetes, "Accessing the Service", environment variables, in the form of Docker's links.
bool is_service_link(std::string_view name) {
  if (name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos) return true;
  if (name.ends_with("_PORT")) return true;
  const std::size_t port = name.find("_PORT_");
  if (port == std::string_view::npos) return false;
  const std::string_view number = name.substr(port + 6);
  return is_number(number.substr(0, number.find('_')));
}

// Letters to insert, remove or replace (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < b.size(); ++k) {
      const std::size_t replaced = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

// The section's part: "SHOAL_NODE_" of "SHOAL_NODE_NAME".
std::string_view section_of(std::string_view name) {
  return name.substr(0, std::min(name.find('_', prefix.size()), name.size()) + 1);
}

std::string near_ones(const std::string& name, const std::set<std::string>& names) {
  std::vector<std::pair<std::size_t, std::string>> found;
  if (name.size() > longest_name) return "";
  for (const std::string& known : names) {
    const std::size_t far = distance(name, known);
    if (far <= near || section_of(known) == section_of(name)) found.emplace_back(far, known);
  }
  std::ranges::sort(found);
  if (found.size() > most_near) found.resize(most_near);
  std::string list;
  for (const auto& [far, known] : found) list += (list.empty() ? "" : ", ") + known;
  return list;
}

}  // namespace

std::string variable_name(std::string_view section, std::string_view key) {
  std::string name(section);
  if (!name.empty()) name += '_';
  name += key;
  std::ranges::transform(name, name.begin(), upper_case);
  return std::string(prefix) + name;
}

const std::string* Environment::find(std::string_view section, std::string_view key) const {
  const auto found = given_.find(variable_name(section, key));
  return found == given_.end() ? nullptr : &found->second;
}

const std::string* Environment::take(std::string_view section, std::string_view key) {
  names_.insert(variable_name(section, key));
  return find(section, key);
}

std::string Environment::other(const std::string& name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? std::string() : found->second;
}

std::vector<std::string> Environment::unknown() const {
  std::vector<std::string> lines;
  for (const auto& [name, value] : given_) {
    if (!name.starts_with(prefix) || names_.contains(name) || is_service_link(name)) continue;
    const std::string list = near_ones(name, names_);
    lines.push_back("the environment variable " + name + " is no key's" +
                    (list.empty() ? "; write SHOAL_<SECTION>_<KEY>" : "; is it one of " + list + "?"));
  }
  return lines;
}

}  // namespace shoal::config
