// Any bytes, up to 4 MiB, as JSON that passes in parts: however it is cut, the same is told of it. What the reader accepts
// is accepted, and what is shown of it is what the reader tells.
#include "shared/json/scanner.hpp"

#include "shared/core/check.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;

namespace {

constexpr std::size_t shown_depth = 2;
constexpr std::size_t small = 64 << 10;
constexpr json::Limits none{.depth = json::Scanner::deepest, .token_bytes = largest_expansion, .values = largest_expansion};

struct Told {
  bool accepted = false;
  std::vector<std::string> values;
  friend bool operator==(const Told&, const Told&) = default;
};

// Numbers are no more than that in both.
std::string text_of_value(const json::Place& place, const json::Value& value) {
  std::string text = std::to_string(place.depth());
  if (std::holds_alternative<json::Object>(value)) return text + "{";
  if (std::holds_alternative<json::Array>(value)) return text + "[";
  const auto* said = std::get_if<std::string_view>(&value);
  return said == nullptr ? text + "?" : text + "\"" + std::string(*said);
}

Told scanned(std::string_view text, std::size_t step) {
  Told told;
  json::Scanner scanner(shown_depth, [&told](const json::Place& place, const json::Value& value) {
    SHOAL_CHECK(place.depth() <= shown_depth);
    const auto* said = std::get_if<std::string_view>(&value);
    SHOAL_CHECK(said == nullptr || said->size() <= json::Scanner::longest_text);
    if (told.values.size() < 1'000) told.values.push_back(text_of_value(place, value));
  });
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    if (!scanner.push(text.substr(0, step))) return told;
  }
  told.accepted = scanner.finish().has_value();
  return told;
}

// A string that the scanner does not show is "?" to it.
bool agrees(const std::string& shown, const std::string& read) {
  return shown == read || (shown.ends_with('?') && shown.size() == 2 && read.starts_with(shown.substr(0, 1) + "\""));
}

void compare_with_reader(std::string_view text, const Told& told) {
  std::vector<std::string> values;
  const auto read = json::read(text, none, [&](const json::Place& place, const json::Value& value) {
    if (place.depth() <= shown_depth && values.size() < 1'000) values.push_back(text_of_value(place, value));
  });
  if (!read) return;
  SHOAL_CHECK(told.accepted);
  SHOAL_CHECK(std::equal(told.values.begin(), told.values.end(), values.begin(), values.end(), agrees));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = expanded(data, size);
  const Told whole = scanned(text, std::max<std::size_t>(text.size(), 1));
  SHOAL_CHECK(scanned(text, 1 + size % 7) == whole);
  if (text.size() <= small) compare_with_reader(text, whole);
  return 0;
}
