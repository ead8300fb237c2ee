// Sizes, rates and times as types, and their text in configuration: "50GiB", "10MiB/s", "5s". A bare number is an
// error.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/core/result.hpp"

namespace shoal::inline core {

struct ByteCount {
  std::uint64_t value = 0;
  friend auto operator<=>(const ByteCount&, const ByteCount&) = default;
  friend ByteCount operator+(ByteCount a, ByteCount b) { return {a.value + b.value}; }
  friend ByteCount operator-(ByteCount a, ByteCount b) { return {a.value - b.value}; }
  ByteCount& operator+=(ByteCount other) { return *this = *this + other; }
  ByteCount& operator-=(ByteCount other) { return *this = *this - other; }
};

struct ByteRate {
  std::uint64_t bytes_per_second = 0;
  friend auto operator<=>(const ByteRate&, const ByteRate&) = default;
};

// A size, or per cent of a whole that its user knows: "50GiB", "10%".
class ByteShare {
 public:
  constexpr ByteShare(ByteCount bytes = {}) : bytes_(bytes) {}  // implicit: a size is one
  static constexpr ByteShare percent(std::uint32_t percent) {
    ByteShare share;
    share.percent_ = percent;
    return share;
  }

  std::optional<std::uint32_t> percent() const { return percent_; }  // nothing: it is a size
  ByteCount of(ByteCount whole) const;
  friend bool operator==(const ByteShare&, const ByteShare&) = default;
  friend std::string text(const ByteShare& share);

 private:
  ByteCount bytes_;
  std::optional<std::uint32_t> percent_;
};

using Milliseconds = std::chrono::milliseconds;

inline namespace literals {
constexpr ByteCount operator""_KiB(unsigned long long n) {
  return {n << 10};
}
constexpr ByteCount operator""_MiB(unsigned long long n) {
  return {n << 20};
}
constexpr ByteCount operator""_GiB(unsigned long long n) {
  return {n << 30};
}
}  // namespace literals

// Units: B, KiB, MiB, GiB, TiB. Whole numbers only; `refused` with what to write instead.
Result<ByteCount> parse_byte_count(std::string_view text);
std::string text(ByteCount count);  // the largest unit that divides it, so parse(text(x)) == x

Result<ByteShare> parse_byte_share(std::string_view text);  // whole per cent, 0% to 100%
std::string text(const ByteShare& share);

// A size and "/s", or kbit/s, Mbit/s, Gbit/s of a thousand each.
Result<ByteRate> parse_byte_rate(std::string_view text);
std::string text(ByteRate rate);

Result<Milliseconds> parse_duration(std::string_view text);  // ms, s, m, h
std::string text(Milliseconds duration);

}  // namespace shoal::inline core
