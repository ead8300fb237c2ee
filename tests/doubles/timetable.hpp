// Timetable: what a simulation has still to do. Of what is due at one time, that comes first which was set down first.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "shared/core/clock.hpp"

namespace shoal {

class Timetable {
 public:
  void at(Time when, std::function<void()> what) { entries_.push({when, sequence_++, std::move(what)}); }
  // Whether something is due before `end`.
  bool has_before(Time end) const { return !entries_.empty() && entries_.top().when < end; }
  Time next_time() const { return entries_.top().when; }
  void do_next() {
    const std::function<void()> what = entries_.top().what;
    entries_.pop();
    what();
  }

 private:
  struct Entry {
    Time when;
    std::uint64_t sequence;
    std::function<void()> what;
    bool operator<(const Entry& other) const {
      return std::pair(other.when, other.sequence) < std::pair(when, sequence);
    }
  };
  std::priority_queue<Entry> entries_;
  std::uint64_t sequence_ = 0;
};

}  // namespace shoal
