// Any bytes as Range, If-Range and If-None-Match: the answer lies within the layer, no byte is sent twice, the body of
// several ranges is as long as its head says, a condition holds for the very tag only, and a client that was given one
// range finds ranges to work afterwards.
#include "agent/registry/range.hpp"

#include <algorithm>

#include "agent/registry/conditions.hpp"
#include "agent/registry/multipart.hpp"
#include "shared/core/check.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

// Of a 206: each part has a byte, and none has a byte of another.
void check_parts(std::vector<Span> spans, std::uint64_t size) {
  const Multipart multipart("boundary", "application/octet-stream", size);
  std::uint64_t body = multipart.end().size();
  for (const Span& span : spans) body += multipart.head_of(span).size() + span.length();
  SHOAL_CHECK(multipart.length(spans) == body);
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  std::uint64_t end = 0;
  for (const Span& span : spans) {
    SHOAL_CHECK(span.first >= end && span.first < span.end && span.end <= size);
    end = span.end;
  }
}

void check_range(const std::string& header, std::uint64_t size) {
  const RangeAnswer held = choose_range(header, size, true);
  const RangeAnswer arriving = choose_range(header, size, false);
  for (const RangeAnswer& answer : {held, arriving}) {
    SHOAL_CHECK(answer.status == 200 || answer.status == 206 || answer.status == 416);
    SHOAL_CHECK(answer.spans.empty() == (answer.status == 416) && answer.spans.size() <= most_ranges);
    if (answer.status == 200) SHOAL_CHECK((answer.spans == std::vector<Span>{{0, size}}));
    if (answer.status == 206) check_parts(answer.spans, size);
    if (answer.open_ended) SHOAL_CHECK(answer.status == 206 && answer.spans[0].end == size);
    if (asks_for_parts(header)) SHOAL_CHECK(!answer.open_ended && (size == 0 || answer.status != 200));
  }
  const bool from_inside = held.status == 206 && held.spans[0].first > 0;
  if (from_inside) SHOAL_CHECK(arriving.status == held.status && arriving.spans == held.spans);
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
