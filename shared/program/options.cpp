#include "shared/program/options.hpp"

#include "shared/http/server.hpp"

namespace shoal::program {

void describe(config::Section& root, LogOptions& options) {
  root.section("log", [&](config::Section& section) {
    word_key(section, "level", options.level, {"debug", "info", "warning", "error"}, "Least severe line written.");
    word_key(section, "format", options.format, {"text", "json"}, "Form of a line, on standard error.");
  });
}

void describe(config::Section& root, AdminOptions& options, std::string_view comment) {
  root.section("admin", [&](config::Section& section) { listen_key(section, "listen", options.listen, comment); });
}

bool listen_key(config::Section& section, std::string_view name, std::string& place, std::string_view comment) {
  section.key(name, place, comment);
  const auto parsed = http::parse_host_port(place);
  if (!parsed) section.fault(name, parsed.error().what);
  return parsed.has_value();
}

void word_key(config::Section& section, std::string_view name, std::string& place,
              const std::vector<std::string>& words, std::string_view comment) {
  section.key(name, place, comment);
  std::string list;
  for (const std::string& word : words) {
    if (place == word) return;
    list += (list.empty() ? "\"" : ", \"") + word + "\"";
  }
  section.fault(name, "one of " + list);
}

}  // namespace shoal::program
