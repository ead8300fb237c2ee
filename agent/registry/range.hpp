// Range: the parts of a blob that a request asks for: one or several ranges in bytes, else the whole.
// Source: RFC 9110 section 14, which lets a server answer malformed or too many ranges with the whole; docs/endpoint.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::agent::registry {

struct Span {
  std::uint64_t first = 0;
  std::uint64_t end = 0;  // one behind the last
  std::uint64_t length() const { return end - first; }
  friend bool operator==(const Span&, const Span&) = default;
};

struct RangeAnswer {
  unsigned status = 200;    // 200, 206 or 416
  std::vector<Span> spans;  // bytes to send, in this order; none for 416; several are multipart/byteranges
  bool open_ended = false;  // a 206 to "N-" alone: the client may read only the beginning
};

// More get the whole. containers/storage asks for 1,024 at most; a head of 16 KiB has room for about as many.
inline constexpr std::size_t most_ranges = 1'024;

// `header` is the Range header, or nothing. "bytes=0-" gets 206 only when the layer is `complete` here: newer
// containerd then asks for further ranges and ends the pull when one of them fails. "N-" with another N never gets 200,
// so that such a client finds ranges to work once it has had one. A Range of a layer of size 0 does not count: some
// clients send "bytes=0-" with each request and expect no error.
//
// Several ranges come in the order asked for, since some clients pair them with their ranges by it. Those that overlap
// are sorted and merged: no byte is sent twice. Those past the end are left out.
RangeAnswer choose_range(const std::optional<std::string>& header, std::uint64_t size, bool complete);

// Whether the header asks for parts alone: each range has an end ("N-M", "-K"). Readers of files inside a layer do.
bool asks_for_parts(const std::optional<std::string>& header);

// The one range of a request for "N-M", for which the layer's size need not be known; it may end past the layer's end.
std::optional<Span> only_part(const std::optional<std::string>& header);

std::string content_range(Span span, std::uint64_t size);
// Of a 416, and of a 206 with one range.
std::string content_range(const RangeAnswer& answer, std::uint64_t size);

}  // namespace shoal::agent::registry
