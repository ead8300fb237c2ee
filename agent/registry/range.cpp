#include "agent/registry/range.hpp"

#include <algorithm>
#include <limits>

#include "shared/http/message.hpp"

namespace shoal::agent::registry {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

// As sent: "N-M", "N-" without `last`, "-K" without `first`.
struct Spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // of "-K": the count
};

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

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::optional<Spec> parse_spec(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first_text = text.substr(0, dash);
  const std::string_view last_text = text.substr(dash + 1);
  const Spec spec{parse_number(first_text), parse_number(last_text)};
  if ((!spec.first && !first_text.empty()) || (!spec.last && !last_text.empty())) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

// The ranges of the list; none when one is malformed, there are too many, or the unit is another. Empty elements do not
// count (RFC 9110 section 5.6.1).
std::vector<Spec> parse_specs(const std::optional<std::string>& header) {
  constexpr std::string_view unit = "bytes=";
  const std::string_view text = header ? std::string_view(*header) : std::string_view();
  if (!http::same_name(text.substr(0, unit.size()), unit)) return {};
  std::vector<Spec> specs;
  for (std::string_view rest = text.substr(unit.size()); !rest.empty();) {
    const std::string_view element = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), element.size() + 1));
    if (trimmed(element).empty()) continue;
    const auto spec = parse_spec(trimmed(element));
    if (!spec || specs.size() == most_ranges) return {};
    specs.push_back(*spec);
  }
  return specs;
}

// Nothing when no byte of a layer of this size lies in it.
std::optional<Span> span_of(const Spec& spec, std::uint64_t size) {
  Span span{0, size};
  if (!spec.first) {
    span.first = size - std::min(*spec.last, size);
  } else {
    span.first = *spec.first;
    if (spec.last) span.end = std::min(*spec.last, size - 1) + 1;
  }
  if (span.first >= size) return std::nullopt;
  return span;
}

void merge_overlapping(std::vector<Span>& spans) {
  std::vector<Span> sorted = spans;
  std::sort(sorted.begin(), sorted.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  std::vector<Span> merged;
  for (const Span& span : sorted) {
    if (!merged.empty() && span.first < merged.back().end) {
      merged.back().end = std::max(merged.back().end, span.end);
    } else {
      merged.push_back(span);
    }
  }
  if (merged.size() < spans.size()) spans = std::move(merged);
}

}  // namespace

RangeAnswer choose_range(const std::optional<std::string>& header, std::uint64_t size, bool complete) {
  const std::vector<Spec> specs = parse_specs(header);
  const RangeAnswer whole{200, {{0, size}}};
  if (specs.empty() || size == 0) return whole;
  RangeAnswer answer{206, {}};
  for (const Spec& spec : specs) {
    if (const auto span = span_of(spec, size)) answer.spans.push_back(*span);
  }
  if (answer.spans.empty()) return {416, {}};
  merge_overlapping(answer.spans);
  answer.open_ended = specs.size() == 1 && specs[0].first && !specs[0].last;
  if (answer.open_ended && answer.spans[0].first == 0 && !complete) return whole;
  return answer;
}

bool asks_for_parts(const std::optional<std::string>& header) {
  const std::vector<Spec> specs = parse_specs(header);
  return !specs.empty() && std::all_of(specs.begin(), specs.end(), [](const Spec& spec) { return spec.last; });
}

std::optional<Span> only_part(const std::optional<std::string>& header) {
  const std::vector<Spec> specs = parse_specs(header);
  if (specs.size() != 1 || !specs[0].first || !specs[0].last) return std::nullopt;
  return Span{*specs[0].first, std::min(*specs[0].last, largest - 1) + 1};
}

std::string content_range(Span span, std::uint64_t size) {
  return "bytes " + std::to_string(span.first) + "-" + std::to_string(span.end - 1) + "/" + std::to_string(size);
}

std::string content_range(const RangeAnswer& answer, std::uint64_t size) {
  if (answer.status == 416) return "bytes */" + std::to_string(size);
  return content_range(answer.spans.front(), size);
}

}  // namespace shoal::agent::registry
