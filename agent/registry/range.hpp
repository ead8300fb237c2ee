// Range: the part of a blob that a request asks for. One range in bytes, else the whole.
// Source: RFC 9110 section 14; DESIGN section 4 for what several or malformed ranges get (the whole, status 200).
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
  unsigned status = 200;  // 200, 206 or 416
  Span span;              // bytes to send; empty for 416
};

// `header` is the Range header, or nothing. "bytes=0-" gets 206 only when the layer is `complete` here: newer
// containerd then asks for further ranges and ends the pull when one of them fails (evidence/runtimes.md section 2.4).
RangeAnswer choose_range(const std::optional<std::string>& header, std::uint64_t size, bool complete);

std::string content_range(const RangeAnswer& answer, std::uint64_t size);  // for 206 and 416

}  // namespace shoal::agent::registry
