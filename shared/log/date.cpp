#include "shared/log/date.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace shoal::log {

// Not the standard library's clock of dates: a swarm's programs make that one steady.
std::chrono::milliseconds date_now() {
  timespec real{};
  ::clock_gettime(CLOCK_REALTIME, &real);
  const auto since = std::chrono::seconds(real.tv_sec) + std::chrono::nanoseconds(real.tv_nsec);
  return std::chrono::duration_cast<std::chrono::milliseconds>(since);
}

std::string date_text(std::chrono::milliseconds date) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(date);
  const std::time_t whole = seconds.count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> day{};
  std::array<char, 48> text{};
  const std::size_t length = std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (length == 0) return "";
  const int milliseconds = static_cast<int>((date - seconds).count());
  std::snprintf(text.data(), text.size(), "%s.%03dZ", day.data(), milliseconds);
  return text.data();
}

}  // namespace shoal::log
