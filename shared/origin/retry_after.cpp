#include "shared/origin/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

namespace shoal::origin {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT" in seconds since 1970.
std::optional<std::int64_t> parse_date(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

std::int64_t seconds_until(const std::string& text, const http::Headers& headers) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) return seconds;
  const auto then = parse_date(text);
  const auto now = parse_date(http::find_header(headers, "Date").value_or(""));
  return then && now ? *then - *now : 0;
}

}  // namespace

Milliseconds retry_after(const http::Headers& headers) {
  const auto text = http::find_header(headers, "Retry-After");
  if (!text) return Milliseconds(0);
  const auto longest = std::chrono::duration_cast<std::chrono::seconds>(longest_retry_after).count();
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds_until(*text, headers), 0, longest));
}

}  // namespace shoal::origin
