// Field: one value of a log line with its name. It keeps its kind, so that a number is a number in JSON too.
//
// Threads: any.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

#include "shared/core/secret.hpp"

namespace shoal::log {

struct Field {
  std::string_view key;
  std::string value;
  bool is_bare = false;  // a number, true or false: JSON writes it without quotes

  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const Secret& v) = delete;  // a log shows no secret, nor its length
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), is_bare(true) {}
  template <class Number>
  requires std::is_integral_v<Number> Field(std::string_view k, Number v)
      : key(k), value(std::to_string(v)), is_bare(true) {}
  // JSON has no infinity.
  template <class Number>
  requires std::is_floating_point_v<Number> Field(std::string_view k, Number v)
      : key(k), value(std::to_string(v)), is_bare(std::isfinite(v)) {}
};

}  // namespace shoal::log
