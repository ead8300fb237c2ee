// FailureMemory: what failed lately, and is not to be tried first meanwhile: for 5 s, doubled with each further failure
// up to a minute. A success clears it. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <algorithm>
#include <map>

#include "shared/core/clock.hpp"
#include "shared/core/units.hpp"

namespace shoal::inline core {

struct FailureLimits {
  Milliseconds first{5'000};     // a process that restarts is back by then
  Milliseconds longest{60'000};  // what was repaired is used again within a minute
  std::size_t most = 1'024;      // keys, some 100 KB: the one whose rest ends first makes room
};

template <class Key>
class FailureMemory {
 public:
  explicit FailureMemory(FailureLimits limits = {}) : limits_(limits) {}

  // True when a rest begins. A failure within a rest, of a request that began before it, does not lengthen it.
  bool note_failure(const Key& key, Time now) {
    const auto known = entries_.find(key);
    if (known != entries_.end() && now < known->second.until) return false;
    const Milliseconds rest = knows(key, now) ? std::min(known->second.rest * 2, limits_.longest) : limits_.first;
    if (known == entries_.end() && entries_.size() >= limits_.most) {
      entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry.second.until; }));
    }
    entries_[key] = {now + rest, rest};
    return true;
  }
  // True when failures were remembered.
  bool note_success(const Key& key) { return entries_.erase(key) > 0; }

  bool rests(const Key& key, Time now) const {
    const auto known = entries_.find(key);
    return known != entries_.end() && now < known->second.until;
  }
  // It rests, or its rest has ended so lately that the next one would be longer.
  bool knows(const Key& key, Time now) const {
    const auto known = entries_.find(key);
    return known != entries_.end() && now - known->second.until < limits_.longest;
  }
  std::size_t count_resting(Time now) const {  // looks at all: for few keys
    return static_cast<std::size_t>(
        std::ranges::count_if(entries_, [now](const auto& entry) { return now < entry.second.until; }));
  }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Time until;
    Milliseconds rest;
  };
  FailureLimits limits_;
  std::map<Key, Entry> entries_;
};

}  // namespace shoal::inline core
