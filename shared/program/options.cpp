#include "shared/program/options.hpp"

#include <optional>

#include "shared/http/server.hpp"

namespace shoal::program {

namespace {

bool check_listen(config::Section& section, std::string_view name, const ListenAddresses& place) {
  bool is_good = !place.empty();
  if (!is_good) section.fault(name, "names no address");
  std::optional<std::uint16_t> port;
  for (const std::string& address : place.list()) {
    const auto parsed = http::parse_host_port(address);
    const bool is_other = parsed && port.value_or(parsed->port) != parsed->port;
    if (!parsed) section.fault(name, parsed.error().what);
    if (is_other) section.fault(name, "its addresses must have one port: others are told one");
    is_good = is_good && parsed && !is_other;
    if (parsed) port = parsed->port;
  }
  return is_good;
}

}  // namespace

void describe(config::Section& root, LogOptions& options, const std::function<void(config::Section&)>& further) {
  root.section("log", [&](config::Section& section) {
    word_key(section, "level", options.level, {"debug", "info", "warning", "error"}, "Least severe line written.");
    word_key(section, "format", options.format, {"text", "json"}, "Form of a line, on standard error.");
    if (further) further(section);
  });
}

void describe(config::Section& root, ProcessOptions& options) {
  root.section("process", [&](config::Section& section) {
    section.key("core_dumps", options.core_dumps,
                "Let a crash write a core dump, and debuggers attach: the dump holds passwords and tokens.");
  });
}

void describe(config::Section& root, AdminOptions& options, std::string_view comment) {
  root.section("admin", [&](config::Section& section) {
    listen_key(section, "listen", options.listen, comment);
    section.key("metrics_listen", options.metrics_listen,
                "A further address that answers /metrics alone, for a Prometheus on another host; empty: none.");
    if (options.metrics_listen.empty()) return;
    check_listen(section, "metrics_listen", options.metrics_listen);
  });
}

bool listen_key(config::Section& section, std::string_view name, ListenAddresses& place, std::string_view comment) {
  section.key(name, place, comment);
  return check_listen(section, name, place);
}

void word_key(config::Section& section, std::string_view name, std::string& place,
              const std::vector<std::string>& words, std::string_view comment) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "\"" : ", \"") + word + "\"";
  section.key(name, place, std::string(comment) + " One of " + list + ".");
  if (std::find(words.begin(), words.end(), place) == words.end()) section.fault(name, "one of " + list);
}

}  // namespace shoal::program
