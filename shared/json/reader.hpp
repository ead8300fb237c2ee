// Reader: JSON from outside, read once from front to back and within limits. No tree is built: neither the depth nor the
// size of a text costs stack or memory.
//
// The only entry of all JSON that comes from a registry or a token server; `tests/tidy` keeps other rooms from reading
// it by other means. Source of the grammar and of the library: RFC 8259, nlohmann::json's SAX interface.
// Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/core/result.hpp"

namespace shoal::json {

struct Limits {
  std::size_t depth = 32;              // objects and arrays in each other; an image index has 4
  std::size_t token_bytes = 256 << 10;  // of a name, string or number as written, with the white space around it: an
                                       // annotation with a chain of certificates has 20 KiB
  std::size_t values = 256 << 10;      // in all: 8,192 descriptors with 31 values each
};

// Where a value stands: the names of the fields that lead to it, from the outermost on.
class Place {
 public:
  // As in `is({"layers", any_element, "digest"})`: the field `digest` of each element of the field `layers`.
  bool is(std::initializer_list<std::string_view> steps) const;
  std::size_t depth() const { return steps_.size(); }
  // Of the field that step number `step` leads to, from 0; empty for an element.
  const std::string& name(std::size_t step) const { return steps_.at(step).name; }

 private:
  friend class Events;
  friend class Scanner;
  struct Step {
    bool is_element = false;
    std::string name;  // of the field, when it is none
  };
  std::vector<Step> steps_;
};

inline constexpr std::string_view any_element = "[]";

struct Object {};  // its fields follow
struct Array {};   // its elements follow
struct Other {};   // null, true, false, a negative number or one with a fraction, or beyond 64 bits
using Value = std::variant<Object, Array, std::string_view, std::uint64_t, Other>;

// Called with each value, in the order of the text. What it is given is valid during the call only. A field that is
// named twice comes twice; its last value is the one that counts (RFC 8259 section 4: most readers do so).
using Visit = std::function<void(const Place& place, const Value& value)>;

// `refused` when the text is not one whole JSON value or passes a limit. What `visit` was called with counts for nothing
// then: the text ends early.
Result<void> read(std::string_view text, const Limits& limits, const Visit& visit);

}  // namespace shoal::json
