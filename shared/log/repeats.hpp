// Repeats: which warnings and errors are written now. The same one is written once a minute; those between are counted,
// and the next line of it tells their number.
//
// Two lines are the same when they have the same room, event and cause, and name the same other side: tracker, registry,
// node, address or file. A digest or a byte count within a cause does not make it another one.
// Threads: any. Inside this room only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "shared/core/clock.hpp"
#include "shared/log/field.hpp"

namespace shoal::log {

class Repeats {
 public:
  // Nothing: not now. Else how many of the same were left out since the last that was written.
  std::optional<std::uint64_t> admit(Time now, std::string_view room, std::string_view event,
                                     std::initializer_list<Field> fields);
  std::uint64_t left_out() const;  // lines, since the start
  void clear();

 private:
  struct Written {
    Time at;
    std::uint64_t repeated = 0;
  };
  Written* entry(Time now, std::string_view room, std::string_view event, std::string key);

  mutable std::mutex mutex_;  // guards all
  std::unordered_map<std::string, Written> written_;
  std::uint64_t left_out_ = 0;
};

}  // namespace shoal::log
