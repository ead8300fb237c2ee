// VirtualTime: the steady clock of this test program, which stands still until it is moved. Asio's timers, and whoever
// else asks std::chrono::steady_clock, follow it; std::random_device gives the same numbers after each `restart`.
//
// Threads: one in the whole program.
#pragma once

#include "shared/core/clock.hpp"

namespace shoal {

class VirtualTime {
 public:
  static void restart(unsigned seed);
  static void advance(Milliseconds duration);
  static Time now() { return std::chrono::steady_clock::now(); }
};

// Runs everything that is due on the loop now, and what follows from it.
void run_what_is_due(Loop& loop);

}  // namespace shoal
