#include "agent/registry/range.hpp"

#include <algorithm>
#include <charconv>

namespace shoal::agent::registry {
namespace {

// Digits only, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

RangeAnswer whole(std::uint64_t size) {
  return {200, {0, size}};
}

RangeAnswer last_bytes(std::string_view count_text, std::uint64_t size) {
  const auto count = parse_number(count_text);
  if (!count) return whole(size);
  if (*count == 0 || size == 0) return {416, {}};
  return {206, {size - std::min(*count, size), size}};
}

}  // namespace

RangeAnswer choose_range(const std::optional<std::string>& header, std::uint64_t size, bool complete) {
  constexpr std::string_view unit = "bytes=";
  if (!header || !header->starts_with(unit)) return whole(size);
  const std::string_view range = std::string_view(*header).substr(unit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return whole(size);
  if (dash == 0) return last_bytes(range.substr(1), size);

  const auto first = parse_number(range.substr(0, dash));
  const std::string_view last_text = range.substr(dash + 1);
  const auto last = parse_number(last_text);
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return whole(size);
  if (*first >= size) return {416, {}};
  if (*first == 0 && !last && !complete) return whole(size);
  return {206, {*first, last ? std::min(*last, size - 1) + 1 : size}};
}

std::string content_range(const RangeAnswer& answer, std::uint64_t size) {
  if (answer.status == 416) return "bytes */" + std::to_string(size);
  return "bytes " + std::to_string(answer.span.first) + "-" + std::to_string(answer.span.end - 1) + "/" +
         std::to_string(size);
}

}  // namespace shoal::agent::registry
