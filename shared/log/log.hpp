// Log: one line per event: a constant text, and fields as key=value. Logged once, where the event is handled; nothing
// secret has a printer. Every value is escaped, so that nothing from outside can forge a line.
//
// Source of the library: spdlog (compiled). Threads: any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace shoal::log {

enum class Level { debug, info, warning, error };

// `level` "debug", "info", "warning" or "error"; `format` "text" or "json". Standard error. False on an unknown word.
bool configure(std::string_view level, std::string_view format);

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> Field(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

// `room` is the room's name, the same word as its directory.
void write(Level level, std::string_view room, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view room, std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, room, event, fields);
}
inline void info(std::string_view room, std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, room, event, fields);
}
inline void warning(std::string_view room, std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, room, event, fields);
}
inline void error(std::string_view room, std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, room, event, fields);
}

}  // namespace shoal::log
