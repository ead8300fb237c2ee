// LimitedHost: a host that lets so many requests through in any second, and refuses the others.
#pragma once

#include <deque>

#include "shared/core/clock.hpp"

namespace shoal::test {

class LimitedHost {
 public:
  explicit LimitedHost(std::size_t in_a_second) : in_a_second_(in_a_second) {}

  // Whether a request that arrives now is let through. Refused ones do not count.
  bool take(Time now) {
    ++asked;
    while (!taken_.empty() && now - taken_.front() >= std::chrono::seconds(1)) taken_.pop_front();
    if (taken_.size() >= in_a_second_) {
      ++refused;
      return false;
    }
    taken_.push_back(now);
    return true;
  }

  int asked = 0;
  int refused = 0;

 private:
  std::size_t in_a_second_;
  std::deque<Time> taken_;
};

}  // namespace shoal::test
