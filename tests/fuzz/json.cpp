// Any bytes, up to 4 MiB, as JSON from outside: what is told of them keeps within the limits, and a small text is
// accepted exactly when nlohmann's own reader accepts it.
#include <nlohmann/json.hpp>

#include "shared/core/check.hpp"
#include "shared/json/reader.hpp"
#include "tests/fuzz/expanded.hpp"

using namespace shoal;

namespace {

bool read_within(std::string_view text, const json::Limits& limits) {
  std::size_t values = 0;
  const auto read = json::read(text, limits, [&](const json::Place& place, const json::Value& value) {
    const auto* said = std::get_if<std::string_view>(&value);
    SHOAL_CHECK(place.depth() <= limits.depth);
    SHOAL_CHECK(++values <= limits.values);
    SHOAL_CHECK(said == nullptr || said->size() <= limits.token_bytes);
  });
  SHOAL_CHECK(!read || values > 0);
  return read.has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = expanded(data, size);
  constexpr std::size_t small = 4'096;
  constexpr json::Limits none{.depth = small, .token_bytes = small, .values = small};
  const bool accepted = read_within(text, {});
  const bool accepted_tightly = read_within(text, {.depth = 2, .token_bytes = 16, .values = 8});
  SHOAL_CHECK(accepted || !accepted_tightly);
  const bool has_zero = text.find('\0') != text.npos;
  SHOAL_CHECK(!has_zero || !accepted);
  if (text.size() < small && !has_zero) SHOAL_CHECK(read_within(text, none) == nlohmann::json::accept(text));
  return 0;
}
