// Pace: keeps the reading from all origins together at a rate. A token bucket of a quarter second.
//
// Threads: the loop.
#pragma once

#include "shared/core/clock.hpp"
#include "shared/core/units.hpp"

namespace shoal::tracker::seeder {

class Pace {
 public:
  Pace(Clock& clock, ByteRate rate) : clock_(clock), rate_(rate), filled_at_(clock.now()) {}  // rate 0: no limit

  // Counts `bytes` that were read; returns when reading may go on.
  Task<void> spend(ByteCount bytes);

 private:
  Clock& clock_;
  ByteRate rate_;
  Time filled_at_;
  double tokens_ = 0;  // bytes; below zero: debt
};

}  // namespace shoal::tracker::seeder
