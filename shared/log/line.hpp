// Line: an event and its fields as text or as the members of one JSON object. Inside this room only. The time and the level in
// front of it are spdlog's pattern.
//
// Threads: any; these are functions of values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "shared/log/field.hpp"

namespace shoal::log {

// What a line says. `repeated`: lines of the same that were left out before it; the last field, unless it is 0.
struct Event {
  std::string_view room;
  std::string_view text;
  std::initializer_list<Field> fields;
  std::uint64_t repeated = 0;
};

// Both contain no line feed.
std::string text_line(const Event& event);
// From the member "room" on, to the closing brace.
std::string json_line(const Event& event);

// Fields alone: `key=value key=value` (logfmt), or one JSON object. Both contain no line feed.
std::string text_fields(const std::vector<Field>& fields);
std::string json_fields(const std::vector<Field>& fields);

}  // namespace shoal::log
