// Any bytes as Range, If-Range and If-None-Match: the answer lies within the layer, a condition holds for the very tag
// only, and a client that was given one range finds ranges to work afterwards.
#include "agent/registry/range.hpp"

#include "agent/registry/conditions.hpp"
#include "shared/core/check.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

void check_range(const std::string& header, std::uint64_t size) {
  const RangeAnswer held = choose_range(header, size, true);
  const RangeAnswer arriving = choose_range(header, size, false);
  for (const RangeAnswer& answer : {held, arriving}) {
    SHOAL_CHECK(answer.status == 200 || answer.status == 206 || answer.status == 416);
    SHOAL_CHECK(answer.span.first <= answer.span.end && answer.span.end <= size);
    SHOAL_CHECK(answer.status != 200 || (answer.span.first == 0 && answer.span.end == size));
    SHOAL_CHECK(answer.status != 206 || answer.span.first < answer.span.end);
    SHOAL_CHECK(!answer.open_ended || (answer.status == 206 && answer.span.end == size));
    if (answer.status != 200) SHOAL_CHECK(content_range(answer, size).starts_with("bytes "));
  }
  if (held.span.first > 0) SHOAL_CHECK(arriving.status == held.status && arriving.span.first == held.span.first);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t layer : {0ull, 1ull, 1000ull, 1ull << 40}) check_range(text, layer);
  static const Digest digest = Digest::parse("sha256:" + std::string(64, 'a')).value();
  static const std::string tag = entity_tag(digest);
  SHOAL_CHECK(!range_counts(text, digest) || text == tag);
  if (has_already(text, digest)) SHOAL_CHECK(text.find(tag) != text.npos || text.find('*') != text.npos);
  return 0;
}
