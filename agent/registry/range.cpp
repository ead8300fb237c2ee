#include "agent/registry/range.hpp"

#include <algorithm>
#include <limits>

#include "shared/http/message.hpp"

namespace shoal::agent::registry {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

// Digits only. A number beyond 64 bits lies past the end of any layer, as the largest of them does.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (largest - digit) / 10 ? largest : number * 10 + digit;
  }
  if (text.empty()) return std::nullopt;
  return number;
}

RangeAnswer whole(std::uint64_t size) {
  return {200, {0, size}};
}

RangeAnswer last_bytes(std::string_view count_text, std::uint64_t size) {
  const auto count = parse_number(count_text);
  if (!count) return whole(size);
  if (*count == 0) return {416, {}};
  return {206, {size - std::min(*count, size), size}};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// The one range of the list; nothing when there are several, none, or another unit. Empty elements do not count (RFC
// 9110 section 5.6.1).
std::optional<std::string_view> only_range(std::string_view header) {
  constexpr std::string_view unit = "bytes=";
  if (!http::same_name(header.substr(0, unit.size()), unit)) return std::nullopt;
  std::optional<std::string_view> found;
  for (std::string_view rest = header.substr(unit.size()); !rest.empty();) {
    const std::string_view element = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), element.size() + 1));
    if (trimmed(element).empty()) continue;
    if (found) return std::nullopt;
    found = trimmed(element);
  }
  return found;
}

}  // namespace

RangeAnswer choose_range(const std::optional<std::string>& header, std::uint64_t size, bool complete) {
  const auto range = only_range(header ? std::string_view(*header) : std::string_view());
  if (!range || size == 0) return whole(size);
  const std::size_t dash = range->find('-');
  if (dash == std::string_view::npos) return whole(size);
  if (dash == 0) return last_bytes(range->substr(1), size);

  const auto first = parse_number(range->substr(0, dash));
  const std::string_view last_text = range->substr(dash + 1);
  const auto last = parse_number(last_text);
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return whole(size);
  if (*first >= size) return {416, {}};
  if (*first == 0 && !last && !complete) return whole(size);
  return {206, {*first, last ? std::min(*last, size - 1) + 1 : size}, !last};
}

std::string content_range(const RangeAnswer& answer, std::uint64_t size) {
  if (answer.status == 416) return "bytes */" + std::to_string(size);
  return "bytes " + std::to_string(answer.span.first) + "-" + std::to_string(answer.span.end - 1) + "/" +
         std::to_string(size);
}

}  // namespace shoal::agent::registry
