// Signal: coroutines on the loop wait on it for a change of state.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <vector>

#include "shared/core/clock.hpp"

namespace shoal::inline core {

class Signal {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}

  // Wakes all coroutines that wait now.
  void notify();

  // Returns after the next `notify`, or when `limit` has passed; the caller reads its own state to know which.
  // The Signal may be destroyed meanwhile only after a `notify`.
  Task<void> wait();
  Task<void> wait_for(Milliseconds limit);  // of real time
  Task<void> wait_for(Clock& clock, Milliseconds limit);

 private:
  Task<void> wait_on(Clock::Timer timer);
  Loop& loop_;
  std::vector<std::weak_ptr<asio::steady_timer>> waiting_;
};

}  // namespace shoal::inline core
