// Any bytes as a value that is logged, as a client's name or a registry's message is: a line stays one line, and says what
// was given, in text and in JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/core/check.hpp"
#include "shared/log/line.hpp"

using namespace shoal;

namespace {

bool is_one_line(const std::string& line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// The bytes that a string of ours stands for: a character each.
std::string bytes_of_json(const std::string& utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    out += byte < 0x80 ? utf8[i] : static_cast<char>((byte & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
  }
  return out;
}

void check_json(const std::string& line, const std::string& value) {
  SHOAL_CHECK(is_one_line(line));
  const auto parsed = nlohmann::json::parse(line);
  SHOAL_CHECK(bytes_of_json(parsed["image"].get<std::string>()) == value);
  SHOAL_CHECK(parsed["count"] == 7);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  const log::Event event{"registry", "pulled", {{"image", value}, {"count", std::uint64_t{7}}}};
  const std::string line = log::text_line(event);
  SHOAL_CHECK(is_one_line(line) && line.starts_with("registry: pulled image=") && line.ends_with(" count=7"));
  check_json("{" + log::json_line(event), value);
  const std::vector<log::Field> fields{{"image", value}, {"count", std::uint64_t{7}}};
  const std::string text = log::text_fields(fields);
  SHOAL_CHECK(is_one_line(text) && text.starts_with("image=") && text.ends_with(" count=7"));
  SHOAL_CHECK(line.ends_with(" " + text));
  check_json(log::json_fields(fields), value);
  return 0;
}
