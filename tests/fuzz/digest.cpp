// Digests and quantities: whatever is accepted is written back as the same value.
#include "shared/core/digest.hpp"

#include "shared/core/check.hpp"
#include "shared/core/units.hpp"

using namespace shoal;

namespace {

void quantities(std::string_view text) {
  if (const auto count = parse_byte_count(text)) SHOAL_CHECK(parse_byte_count(shoal::text(*count)).value() == *count);
  if (const auto rate = parse_byte_rate(text)) SHOAL_CHECK(parse_byte_rate(shoal::text(*rate)).value() == *rate);
  if (const auto time = parse_duration(text)) SHOAL_CHECK(parse_duration(shoal::text(*time)).value() == *time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto digest = Digest::parse(text);
  if (digest) {
    SHOAL_CHECK(digest->text() == text);
    SHOAL_CHECK(Digest::from_raw(digest->algorithm(), digest->raw()).value() == *digest);
  }
  quantities(text);
  return 0;
}
