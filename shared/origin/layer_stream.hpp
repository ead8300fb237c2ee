// RangedStream: the LayerStream over a client's response, which promises a stretch of the layer and must keep it.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "shared/http/client.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::origin {

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};
// "bytes FIRST-LAST/TOTAL"; nothing for anything else, unknown totals included. RFC 9110 section 14.4.
std::optional<ContentRange> parse_content_range(std::string_view value);

// The stream of a 200 or 206 that answers a request for everything from byte `from`. `unavailable` when the answer is
// for another stretch, `refused` without a length or when over `largest_layer`.
Result<std::unique_ptr<LayerStream>> make_layer_stream(std::unique_ptr<http::ClientResponse> response,
                                                       std::uint64_t from);

// The stream of a 206 that answers a request for `part`. Errors likewise.
Result<std::unique_ptr<LayerStream>> make_part_stream(std::unique_ptr<http::ClientResponse> response, Stretch part);

}  // namespace shoal::origin
