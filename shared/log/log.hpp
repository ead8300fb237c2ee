// Log: one line per event: a constant text, and fields as key=value. Logged once, where the event is handled; nothing
// secret has a printer. Every value is escaped, so that nothing from outside can forge a line.
//
// The same warning or error is written once a minute; its next line says `repeated=N` (repeats.hpp). So whoever sees a
// fault logs it, each time, with the fields `cause` and the other side: tracker, registry, node, address or file.
// No call blocks: a thread of the log's own writes to standard error (writer.hpp). Lines that find no room behind a
// stalled reader are dropped and counted; the event "log lines dropped" tells their number once the reader is back.
// Source of the library: spdlog (compiled), for levels and patterns.
// Threads: any; `configure` and `flush_at_crash` main, before there are others.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/log/field.hpp"

namespace shoal::log {

enum class Level { debug, info, warning, error };

// `level` "debug", "info", "warning" or "error"; `format` "text" or "json". False on an unknown word.
bool configure(std::string_view level, std::string_view format);

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

// Text for the person at the terminal, as it stands, by the same queue: why the program does not start.
void print(std::string_view text);

// Waits for all lines so far, one second at most; false when some could not be written. The end of the process does it.
bool flush();

// From now on abort() and a fault of the process wait for the lines so far as well, one second at most.
void flush_at_crash();

std::uint64_t dropped_lines();   // since the start
std::uint64_t repeated_lines();  // left out, because the same warning was written less than a minute before

}  // namespace shoal::log
