// Sizes, rates and times as types, and their text in configuration: "50GiB", "10MiB/s", "5s". A bare number is an
// error.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
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

Result<ByteRate> parse_byte_rate(std::string_view text);  // a size and "/s"
std::string text(ByteRate rate);

Result<Milliseconds> parse_duration(std::string_view text);  // ms, s, m, h
std::string text(Milliseconds duration);

}  // namespace shoal::inline core
