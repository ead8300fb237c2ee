// Interval: a thing that is done at most that often.
#pragma once

#include "shared/core/clock.hpp"

namespace shoal::swarm {

class Interval {
 public:
  explicit Interval(Milliseconds length) : length_(length) {}
  // True once in each interval: the next one starts then.
  bool is_due(Time now) {
    if (now < last_ + length_) return false;
    last_ = now;
    return true;
  }

 private:
  Milliseconds length_;
  Time last_{};
};

}  // namespace shoal::swarm
