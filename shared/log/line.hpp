// Line: an event and its fields as text or as the members of one JSON object. Inside this room only. The time and the level in
// front of it are spdlog's pattern.
//
// Threads: any; these are functions of values.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/log/field.hpp"

namespace shoal::log {

// Both contain no line feed.
std::string text_line(std::string_view room, std::string_view event, std::initializer_list<Field> fields);
// From the member "room" on, to the closing brace.
std::string json_line(std::string_view room, std::string_view event, std::initializer_list<Field> fields);

}  // namespace shoal::log
