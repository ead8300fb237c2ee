#include "shared/log/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>

namespace shoal::log {
namespace {

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%e%z %l %v";
constexpr const char* json_pattern = "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v";

// Read on every thread, written once by `configure` before there are others.
bool as_json = false;

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("shoal");
    made->set_pattern(text_pattern);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

// Quotes a value; control characters, quotes, backslashes and bytes above ASCII become \xNN or a short escape.
std::string quoted(std::string_view value) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += as_json ? "\\u00" : "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

bool is_plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

std::string text_line(std::string_view room, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = std::string(room) + ": " + std::string(event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += is_plain(field.value) ? field.value : quoted(field.value);
  }
  return line;
}

std::string json_line(std::string_view room, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = "\"room\":" + quoted(room) + ",\"event\":" + quoted(event);
  for (const Field& field : fields) line += "," + quoted(field.key) + ":" + quoted(field.value);
  return line + "}";
}

// Not system_clock's: a swarm's programs make that one steady.
spdlog::log_clock::time_point date() {
  timespec real{};
  clock_gettime(CLOCK_REALTIME, &real);
  const auto since = std::chrono::seconds(real.tv_sec) + std::chrono::nanoseconds(real.tv_nsec);
  return spdlog::log_clock::time_point(std::chrono::duration_cast<spdlog::log_clock::duration>(since));
}

}  // namespace

bool configure(std::string_view level, std::string_view format) {
  if (format != "text" && format != "json") return false;
  as_json = format == "json";
  logger().set_pattern(as_json ? json_pattern : text_pattern);
  for (const Level known : {Level::debug, Level::info, Level::warning, Level::error}) {
    const std::string_view name = known == Level::debug     ? "debug"
                                  : known == Level::info    ? "info"
                                  : known == Level::warning ? "warning"
                                                            : "error";
    if (level != name) continue;
    logger().set_level(spdlog_level(known));
    return true;
  }
  return false;
}

void write(Level level, std::string_view room, std::string_view event, std::initializer_list<Field> fields) {
  if (!logger().should_log(spdlog_level(level))) return;
  const std::string line = as_json ? json_line(room, event, fields) : text_line(room, event, fields);
  logger().log(date(), spdlog::source_loc{}, spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace shoal::log
