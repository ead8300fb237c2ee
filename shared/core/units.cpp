#include "shared/core/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace shoal::inline core {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: `text` takes the first that divides.
constexpr std::array<Unit, 5> size_units{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};
// Networks are sold by bits: of a second's bytes.
constexpr std::array<Unit, 8> rate_units{{{"TiB", 1ULL << 40},
                                          {"GiB", 1ULL << 30},
                                          {"MiB", 1ULL << 20},
                                          {"KiB", 1ULL << 10},
                                          {"B", 1},
                                          {"Gbit", 125'000'000},
                                          {"Mbit", 125'000},
                                          {"kbit", 125}}};
constexpr std::array<Unit, 4> time_units{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Result<std::uint64_t> parse_with(std::string_view text, std::span<const Unit> units, const char* example) {
  const auto bad = [&] {
    return fail(ErrorKind::refused, "\"" + std::string(text) + "\" is not understood; write for example " + example);
  };
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return bad();
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return bad();
    return number * unit.factor;
  }
  return bad();
}

std::string text_with(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return "0" + std::string(units.back().name);
}

}  // namespace

Result<ByteCount> parse_byte_count(std::string_view text) {
  return parse_with(text, size_units, "\"50GiB\"").map([](std::uint64_t value) { return ByteCount{value}; });
}

std::string text(ByteCount count) {
  return text_with(count.value, size_units);
}

ByteCount ByteShare::of(ByteCount whole) const {
  if (!percent_) return bytes_;
  return {whole.value / 100 * *percent_ + whole.value % 100 * *percent_ / 100};
}

Result<ByteShare> parse_byte_share(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorKind::refused,
                "\"" + std::string(text) + "\" is not understood; write for example \"50GiB\" or \"10%\"");
  };
  if (!text.ends_with('%')) {
    const auto bytes = parse_byte_count(text);
    if (!bytes) return bad();
    return ByteShare(*bytes);
  }
  const char* const sign = text.data() + text.size() - 1;
  std::uint32_t percent = 0;
  const auto [end, error] = std::from_chars(text.data(), sign, percent);
  if (error != std::errc() || end != sign || percent > 100) return bad();
  return ByteShare::percent(percent);
}

std::string text(const ByteShare& share) {
  return share.percent_ ? std::to_string(*share.percent_) + "%" : text(share.bytes_);
}

Result<ByteRate> parse_byte_rate(std::string_view text) {
  const char* example = "\"10MiB/s\" or \"100Mbit/s\"";
  if (!text.ends_with("/s")) {
    return fail(ErrorKind::refused, "\"" + std::string(text) + "\" is not understood; write for example " + example);
  }
  return parse_with(text.substr(0, text.size() - 2), rate_units, example).map([](std::uint64_t value) {
    return ByteRate{value};
  });
}

std::string text(ByteRate rate) {
  return text_with(rate.bytes_per_second, size_units) + "/s";
}

Result<Milliseconds> parse_duration(std::string_view text) {
  return parse_with(text, time_units, "\"5s\"").map([](std::uint64_t value) {
    return Milliseconds(static_cast<std::int64_t>(value));
  });
}

std::string text(Milliseconds duration) {
  if (duration == Milliseconds::zero()) return "0s";
  return text_with(static_cast<std::uint64_t>(duration.count()), time_units);
}

}  // namespace shoal::inline core
