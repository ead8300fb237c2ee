#include "shared/config/config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "shared/config/user_information.hpp"
#include "shared/config/value.hpp"

namespace shoal::config {
namespace {

struct Fault {
  std::uint32_t line;  // 0: belongs to no line
  std::string what;
};

std::string line_text(const std::string& name, const Fault& fault) {
  return name + (fault.line == 0 ? "" : ":" + std::to_string(fault.line)) + ": " +
         without_user_information(fault.what);
}

// The faults of one file, in the order of its lines.
[[noreturn]] void refuse(const std::string& name, std::vector<Fault> faults) {
  std::ranges::stable_sort(faults, {}, &Fault::line);
  std::string lines;
  for (const Fault& fault : faults) {
    if (!lines.empty()) lines += '\n';
    lines += line_text(name, fault);
  }
  throw StartError(lines, 2);
}

toml::table parse(const std::string& text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    refuse(name, {{error.source().begin.line, std::string(error.description())}});
  }
}

std::string commented(std::string_view comment) {
  std::string out = "# ";
  for (const char c : comment) {
    out += c;
    if (c == '\n') out += "# ";
  }
  return out + "\n";
}

}  // namespace

struct Section::State {
  std::string path{};  // `store`, `upstreams."reg.example.com"`; empty for the whole file
  bool printing = false;
  const toml::table* table = nullptr;  // nullptr when printing, and when the file does not have the section
  std::vector<Fault>* faults = nullptr;
  std::vector<Fault>* warnings = nullptr;
  std::vector<Fault>* missing_files = nullptr;
  Environment* environment = nullptr;  // nullptr in a table with a free name, which no variable names
  std::set<std::string, std::less<>> taken{};  // keys that `describe` named
  std::set<std::string, std::less<>> known{};  // those of them that it has
  std::string printed_keys{};
  std::string printed_tables{};  // after all plain keys, as TOML asks

  bool is_from_environment(std::string_view name) const {
    return environment != nullptr && environment->find(path, name) != nullptr;
  }

  std::string plain_label(std::string_view name) const {
    return path.empty() ? std::string(name) : "[" + path + "] " + std::string(name);
  }

  // With the variable that the value comes from.
  std::string label(std::string_view name) const {
    const std::string variable = is_from_environment(name) ? " (" + variable_name(path, name) + ")" : "";
    return plain_label(name) + variable;
  }

  const toml::node* take(std::string_view name) {
    taken.emplace(name);
    return table == nullptr ? nullptr : table->get(name);
  }

  template <class Place>
  void exchange(std::string_view name, Place& place, std::string_view comment) {
    if (printing) {
      const std::string source = is_from_environment(name) ? "# From " + variable_name(path, name) + ".\n" : "";
      printed_keys += commented(comment) + source + std::string(name) + " = " +
                      without_user_information(value_text(place)) + "\n";
      return;
    }
    known.emplace(name);
    const toml::node* node = take(name);
    if (node != nullptr) {
      const std::string fault = read_value(*node, place);
      if (!fault.empty()) faults->push_back({node->source().begin.line, plain_label(name) + ": " + fault});
    }
    const std::string* text = environment == nullptr ? nullptr : environment->take(path, name);
    if (text == nullptr) return;
    const std::string fault = read_variable(*text, place);
    if (!fault.empty()) faults->push_back({0, label(name) + ": " + fault});
  }

  // One sub-table: read if the file has it, printed otherwise.
  void enter(const std::string& sub_path, const toml::node* node, Environment* sub_environment,
             const std::function<void(Section&)>& describe) {
    State sub{.path = sub_path,
              .printing = printing,
              .faults = faults,
              .warnings = warnings,
              .missing_files = missing_files,
              .environment = sub_environment};
    if (node != nullptr && !node->is_table()) {
      faults->push_back({node->source().begin.line, sub_path + " must be a table: write [" + sub_path + "]"});
      return;
    }
    if (node != nullptr) sub.table = node->as_table();
    Section section(sub);
    describe(section);
    sub.report_unknown();
    if (!sub.printed_keys.empty()) printed_tables += "\n[" + sub_path + "]\n" + sub.printed_keys;
    printed_tables += sub.printed_tables;
  }

  void report_unknown() const {
    if (table == nullptr) return;
    for (const auto& [key, node] : *table) {
      if (taken.contains(key.str())) continue;
      std::string what =
          "unknown key " + value_text(std::string(key.str())) + (path.empty() ? "" : " in [" + path + "]");
      const bool is_unquoted = node.is_table() && !path.empty();
      what += is_unquoted ? "; a name with dots needs quotes" : "; known are " + known_list();
      faults->push_back({key.source().begin.line, what});
    }
  }

  std::string known_list() const {
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    return list;
  }

  std::string path_of(const std::string& name) const { return path.empty() ? name : path + "." + name; }
};

void Section::key(std::string_view name, std::string& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, bool& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, std::uint32_t& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, ByteCount& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, ByteShare& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, ByteRate& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, Milliseconds& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}
void Section::key(std::string_view name, std::vector<std::string>& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}

void Section::key(std::string_view name, ListenAddresses& place, std::string_view comment) {
  state_.exchange(name, place, comment);
}

void Section::section(std::string_view name, const std::function<void(Section&)>& describe) {
  state_.known.emplace(name);
  state_.enter(state_.path_of(std::string(name)), state_.take(name), state_.environment, describe);
}

void Section::example(const std::string& key, const std::function<void(Section&)>& describe) {
  if (!printing()) return;
  State sub{.path = state_.path_of(value_text(key)), .printing = true};
  Section section(sub);
  describe(section);
  std::string line;
  std::istringstream lines("[" + sub.path + "]\n" + sub.printed_keys);
  state_.printed_tables += '\n';
  while (std::getline(lines, line)) state_.printed_tables += "# " + line + "\n";
}

void Section::each(std::string_view name, const std::vector<std::string>& keys_to_print,
                   const std::function<void(const std::string& key, Section&)>& describe) {
  if (!name.empty()) return section(name, [&](Section& outer) { outer.each("", keys_to_print, describe); });
  const auto enter = [&](const std::string& key, const toml::node* node) {
    state_.enter(state_.path_of(value_text(key)), node, nullptr, [&](Section& inner) { describe(key, inner); });
  };
  if (printing()) {
    for (const std::string& key : keys_to_print) enter(key, nullptr);
    return;
  }
  if (state_.table == nullptr) return;
  for (const auto& [key, node] : *state_.table) {
    if (!node.is_table() || !state_.taken.emplace(key.str()).second) continue;
    enter(std::string(key.str()), &node);
  }
}

void Section::fault(std::string_view name, const std::string& what) {
  if (printing()) return;
  state_.faults->push_back({line_of(name), state_.label(name) + ": " + what});
}

void Section::warning(std::string_view name, const std::string& what) {
  if (!printing()) state_.warnings->push_back({line_of(name), state_.label(name) + ": " + what});
}

void Section::check_file(std::string_view name, const std::string& path) {
  if (printing() || path.empty() || std::ifstream(path).peek() != std::ifstream::traits_type::eof()) return;
  unusable(name, path + " cannot be read, or is empty");
}

void Section::unusable(std::string_view name, const std::string& what) {
  if (!printing()) state_.missing_files->push_back({line_of(name), state_.label(name) + ": " + what});
}

void Section::note(const std::string& text) {
  if (printing()) state_.printed_keys += commented(text);
}

std::string Section::variable(const std::string& name) const {
  return printing() || state_.environment == nullptr ? std::string() : state_.environment->other(name);
}

// Where the key stands, else its table; 0: nowhere.
std::uint32_t Section::line_of(std::string_view name) const {
  if (state_.is_from_environment(name)) return 0;
  const toml::node* node = state_.take(name);
  const toml::node* nearest = node != nullptr ? node : state_.table;
  return nearest == nullptr || (node == nullptr && state_.path.empty()) ? 0 : nearest->source().begin.line;
}

void Section::key_elsewhere(std::string_view name, std::string_view section) {
  if (printing() || state_.take(name) == nullptr) return;
  fault(name, "write it in [" + std::string(section) + "]");
}

bool Section::printing() const {
  return state_.printing;
}

std::vector<Notice> read_text(const std::string& text, const std::string& name, const Describe& describe,
                              const Variables& variables) {
  const toml::table table = parse(text, name);
  std::vector<Fault> faults;
  std::vector<Fault> warnings;
  std::vector<Fault> missing_files;
  Environment environment(variables);
  Section::State state{.table = &table,
                       .faults = &faults,
                       .warnings = &warnings,
                       .missing_files = &missing_files,
                       .environment = &environment};
  Section root(state);
  describe(root);
  state.report_unknown();
  if (!faults.empty()) refuse(name, std::move(faults));
  for (std::string& line : environment.unknown()) warnings.push_back({0, std::move(line)});
  std::vector<Notice> notices;
  for (const Fault& each : warnings) notices.push_back({line_text(name, each), false});
  for (const Fault& each : missing_files) notices.push_back({line_text(name, each), true});
  return notices;
}

std::vector<Notice> read_file(const std::string& path, const Describe& describe, const Variables& variables) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char chunk[4096];
  while (file.read(chunk, sizeof chunk) || file.gcount() > 0)
    text.append(chunk, static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) {
    throw StartError("cannot read the configuration " + path + ": " + std::strerror(errno), 2);
  }
  return read_text(text, path, describe, variables);
}

std::string print(const Describe& describe, const Variables& variables) {
  Environment environment(variables);
  Section::State state{.printing = true, .environment = &environment};
  Section root(state);
  describe(root);
  const std::string text = state.printed_keys + state.printed_tables;
  return text.starts_with('\n') ? text.substr(1) : text;
}

}  // namespace shoal::config
