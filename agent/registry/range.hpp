// Range: the part of a blob that a request asks for. One range in bytes, else the whole.
// Source: RFC 9110 section 14, which lets a server answer several or malformed ranges with the whole; docs/endpoint.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::agent::registry {

struct Span {
  std::uint64_t first = 0;
  std::uint64_t end = 0;  // one behind the last
};

struct RangeAnswer {
  unsigned status = 200;    // 200, 206 or 416
  Span span;                // bytes to send; empty for 416
  bool open_ended = false;  // a 206 to "N-": the client may read only the beginning
};

// `header` is the Range header, or nothing. "bytes=0-" gets 206 only when the layer is `complete` here: newer
// containerd then asks for further ranges and ends the pull when one of them fails. "N-" with another N never gets 200,
// so that such a client finds ranges to work once it has had one. A Range of a layer of size 0 does not count: some
// clients send "bytes=0-" with each request and expect no error.
RangeAnswer choose_range(const std::optional<std::string>& header, std::uint64_t size, bool complete);

std::string content_range(const RangeAnswer& answer, std::uint64_t size);  // for 206 and 416

}  // namespace shoal::agent::registry
