#include "shared/config/value.hpp"

#include <charconv>
#include <limits>

#include "shared/core/bytes.hpp"

namespace shoal::config {
namespace {

// A quantity with a unit is a string, so that a bare number is never taken for one.
template <class Place, class Parse>
std::string read_quantity(const toml::node& node, Place& place, Parse parse, const char* example) {
  const auto* text = node.as_string();
  if (text == nullptr) return std::string("must be a text with a unit, for example ") + example;
  const auto parsed = parse(text->get());
  if (!parsed) return parsed.error().what;
  place = *parsed;
  return {};
}

std::string without_spaces(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  return begin < end ? std::string(text.substr(begin, end - begin)) : std::string();
}

std::vector<std::string> items_of(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string item = without_spaces(text.substr(0, comma));
    if (!item.empty()) items.push_back(std::move(item));
    if (comma == text.size()) return items;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string read_value(const toml::node& node, std::string& place) {
  const auto* text = node.as_string();
  if (text == nullptr) return "must be a text in quotes";
  place = text->get();
  return {};
}

std::string read_value(const toml::node& node, bool& place) {
  const auto* flag = node.as_boolean();
  if (flag == nullptr) return "must be true or false";
  place = flag->get();
  return {};
}

std::string read_value(const toml::node& node, std::uint32_t& place) {
  const auto* number = node.as_integer();
  constexpr auto largest = std::numeric_limits<std::uint32_t>::max();
  if (number == nullptr || number->get() < 0 || number->get() > std::int64_t{largest}) {
    return "must be a whole number between 0 and " + std::to_string(largest);
  }
  place = static_cast<std::uint32_t>(number->get());
  return {};
}

std::string read_value(const toml::node& node, ByteCount& place) {
  return read_quantity(node, place, parse_byte_count, "\"50GiB\"");
}

std::string read_value(const toml::node& node, ByteShare& place) {
  return read_quantity(node, place, parse_byte_share, "\"50GiB\" or \"10%\"");
}

std::string read_value(const toml::node& node, ByteRate& place) {
  return read_quantity(node, place, parse_byte_rate, "\"10MiB/s\"");
}

std::string read_value(const toml::node& node, Milliseconds& place) {
  return read_quantity(node, place, parse_duration, "\"5s\"");
}

std::string read_value(const toml::node& node, std::vector<std::string>& place) {
  const auto* array = node.as_array();
  const char* expected = "must be a list of texts, for example [\"a\", \"b\"]";
  if (array == nullptr) return expected;
  std::vector<std::string> items;
  for (const toml::node& item : *array) {
    if (!item.is_string()) return expected;
    items.push_back(item.as_string()->get());
  }
  place = std::move(items);
  return {};
}

std::string read_value(const toml::node& node, ListenAddresses& place) {
  std::string one;
  std::vector<std::string> several;
  if (read_value(node, one).empty()) {
    place = one;
  } else if (read_value(node, several).empty()) {
    place = several;
  } else {
    return "must be an address in quotes, or a list of them, for example [\"0.0.0.0:7072\", \"[::]:7072\"]";
  }
  return {};
}

std::string read_variable(const std::string& text, bool& place) {
  if (text != "true" && text != "false") return "must be true or false";
  place = text == "true";
  return {};
}

std::string read_variable(const std::string& text, std::uint32_t& place) {
  std::int64_t number = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read_value(toml::value<std::int64_t>(read.ptr == text.data() + text.size() ? number : -1), place);
}

std::string read_variable(const std::string& text, std::vector<std::string>& place) {
  place = items_of(text);
  return {};
}

std::string read_variable(const std::string& text, ListenAddresses& place) {
  std::vector<std::string> items = items_of(text);
  if (items.size() == 1) {
    place = items.front();
  } else {
    place = std::move(items);
  }
  return {};
}

std::string value_text(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00" + hex_text(bytes_of({&c, 1}), HexCase::upper);
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string value_text(bool value) {
  return value ? "true" : "false";
}
std::string value_text(std::uint32_t value) {
  return std::to_string(value);
}
std::string value_text(ByteCount value) {
  return value_text(text(value));
}
std::string value_text(const ByteShare& value) {
  return value_text(text(value));
}
std::string value_text(ByteRate value) {
  return value_text(text(value));
}
std::string value_text(Milliseconds value) {
  return value_text(text(value));
}

std::string value_text(const ListenAddresses& value) {
  return value.list().size() == 1 ? value_text(value.list()[0]) : value_text(value.list());
}

std::string value_text(const std::vector<std::string>& value) {
  std::string out = "[";
  for (const std::string& item : value) out += (out.size() > 1 ? ", " : "") + value_text(item);
  return out + "]";
}

}  // namespace shoal::config
