// Config: reads a TOML file into the structs of the parts. Unknown keys are refused; every fault is reported at once,
// with its line. A part describes its keys once, in a function `void describe(config::Section&, Options&)`, which
// reads, checks and prints alike. A variable of the environment wins over the file; keys of tables with free names have
// none.
//
// Threads: main, before there are others.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/config/variables.hpp"
#include "shared/core/listen_addresses.hpp"
#include "shared/core/units.hpp"

namespace shoal::config {

class Section;

// The keys of a whole program: calls `section(...)` for each of its parts.
using Describe = std::function<void(Section& root)>;

// What is not wrong by itself and hardly meant, or a named file that cannot be read now: `FILE:LINE: [section] key: text`.
struct Notice {
  std::string text;
  bool is_missing_file = false;
};

// Reads `path` through `describe`. Throws StartError (exit code 2) with all faults, one per line: `FILE:LINE: fault`.
std::vector<Notice> read_file(const std::string& path, const Describe& describe, const Variables& variables = {});
// The same from memory; `name` stands for FILE in faults.
std::vector<Notice> read_text(const std::string& text, const std::string& name, const Describe& describe,
                              const Variables& variables = {});

// The configuration in force as TOML, each key with its comment: what --print-config shows. parse(print(x)) == x. The
// comment names the variable that a value comes from.
std::string print(const Describe& describe, const Variables& variables = {});

// One table of the file, in one of two modes: reading a key into its place, or printing the place's value.
// The first argument is the key, the second the place (its value before is the default), the third the comment.
class Section {
 public:
  void key(std::string_view name, std::string& place, std::string_view comment);
  void key(std::string_view name, bool& place, std::string_view comment);
  void key(std::string_view name, std::uint32_t& place, std::string_view comment);
  void key(std::string_view name, ByteCount& place, std::string_view comment);
  void key(std::string_view name, ByteShare& place, std::string_view comment);
  void key(std::string_view name, ByteRate& place, std::string_view comment);
  void key(std::string_view name, Milliseconds& place, std::string_view comment);
  void key(std::string_view name, std::vector<std::string>& place, std::string_view comment);
  void key(std::string_view name, ListenAddresses& place, std::string_view comment);  // a text or a list of texts

  // `[name]`; absent in the file means all defaults.
  void section(std::string_view name, const std::function<void(Section&)>& describe);

  // `[name."KEY"]`, any number: `describe` is called for each key in the file, or in `keys_to_print` when printing.
  // With an empty `name`, the sub-tables of this very section that no earlier `key` or `section` took, so that plain
  // keys and named sub-tables may stand side by side:
  //   root.section("upstreams", [&](Section& upstreams) {
  //     upstreams.key("allow", allow, "...");
  //     upstreams.each("", hosts, [&](const std::string& host, Section& upstream) { ... });
  //   });
  void each(std::string_view name, const std::vector<std::string>& keys_to_print,
            const std::function<void(const std::string& key, Section&)>& describe);

  // Printed as a comment: `[KEY]` as it would stand here, with its defaults. For a table that `each` has none of.
  void example(const std::string& key, const std::function<void(Section&)>& describe);

  // A fault with the value of `name`, reported together with the others. For checks that go beyond the type; nothing
  // when printing.
  void fault(std::string_view name, const std::string& what);

  // Likewise a notice.
  void warning(std::string_view name, const std::string& what);
  // A notice when the file that `name` names cannot be read. An empty path names none.
  void check_file(std::string_view name, const std::string& path);
  // The same with another cause: the file, or the program, that `name` names cannot be used now.
  void unusable(std::string_view name, const std::string& what);

  // When printing, a line of comment above the keys that follow.
  void note(const std::string& text);
  // Of the environment, one that is no key's; empty when it is not set, and when printing.
  std::string variable(const std::string& name) const;

  // A key that is looked for here and stands in another section: a fault that names it.
  void key_elsewhere(std::string_view name, std::string_view section);

  bool printing() const;

  struct State;  // of config.cpp, which alone makes Sections
  explicit Section(State& state) : state_(state) {}

 private:
  std::uint32_t line_of(std::string_view name) const;
  State& state_;
};

}  // namespace shoal::config
