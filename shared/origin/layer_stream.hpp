// RangedStream: the LayerStream over a client's response, which promises a stretch of the layer and must keep it. An
// answer without a length (in chunks, or until the connection closes: RFC 9112 section 6.3) promises what a manifest
// says, or is read first to find its length.
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

// Whether it is a whole layer and does not say how long it is.
bool lacks_length(const http::ClientResponse& response);

// The stream of a 200 or 206 that answers a request for everything from byte `from`; a 206 of the whole answers one for
// the whole too. `size` is the layer's, where the answer does not name it. `unavailable` when the answer is for another
// stretch, `refused` without a length or when over `largest_layer`.
Result<std::unique_ptr<LayerStream>> make_layer_stream(std::unique_ptr<http::ClientResponse> response,
                                                       std::uint64_t from, std::optional<ByteCount> size = {});

// The layer in an answer that lacks its length, kept in memory up to `most`. Of a longer one the bytes are counted to
// their end and dropped, and the stream is null: then it has to be asked for again, as one of `size`. `refused` when
// over `largest_layer`.
struct MeasuredLayer {
  ByteCount size;
  std::unique_ptr<LayerStream> stream;
};
Task<Result<MeasuredLayer>> measure_layer(std::unique_ptr<http::ClientResponse> response, ByteCount most);

// The stream of a 206 that answers a request for `part`. Errors likewise.
Result<std::unique_ptr<LayerStream>> make_part_stream(std::unique_ptr<http::ClientResponse> response, Stretch part);

}  // namespace shoal::origin
