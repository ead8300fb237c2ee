// Value: one TOML value to and from each type that a configuration key may have. Inside this room only.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "shared/core/listen_addresses.hpp"
#include "shared/core/units.hpp"

namespace shoal::config {

// Reads `node` into `place`. Returns its fault, or an empty text. A wrong value leaves `place` as it was.
std::string read_value(const toml::node& node, std::string& place);
std::string read_value(const toml::node& node, bool& place);
std::string read_value(const toml::node& node, std::uint32_t& place);
std::string read_value(const toml::node& node, ByteCount& place);
std::string read_value(const toml::node& node, ByteShare& place);
std::string read_value(const toml::node& node, ByteRate& place);
std::string read_value(const toml::node& node, Milliseconds& place);
std::string read_value(const toml::node& node, std::vector<std::string>& place);
std::string read_value(const toml::node& node, ListenAddresses& place);

// The same from the text of an environment variable: without quotes, and with commas between the items of a list.
template <class Place>
std::string read_variable(const std::string& text, Place& place) {
  return read_value(toml::value<std::string>(text), place);
}
std::string read_variable(const std::string& text, bool& place);
std::string read_variable(const std::string& text, std::uint32_t& place);
std::string read_variable(const std::string& text, std::vector<std::string>& place);
std::string read_variable(const std::string& text, ListenAddresses& place);

// The inverse: TOML that reads back as `value`.
std::string value_text(const std::string& value);
std::string value_text(bool value);
std::string value_text(std::uint32_t value);
std::string value_text(ByteCount value);
std::string value_text(const ByteShare& value);
std::string value_text(ByteRate value);
std::string value_text(Milliseconds value);
std::string value_text(const std::vector<std::string>& value);
std::string value_text(const ListenAddresses& value);

}  // namespace shoal::config
