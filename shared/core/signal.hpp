// Signal: coroutines on the loop wait on it for a change of state.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <vector>

#include "shared/core/task.hpp"
#include "shared/core/units.hpp"

namespace shoal::inline core {

class Signal {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}

  // Wakes all coroutines that wait now.
  void notify();

  // Returns after the next `notify`, or when `limit` has passed; the caller reads its own state to know which.
  // The Signal may be destroyed meanwhile only after a `notify`.
  Task<void> wait();
  Task<void> wait_for(Milliseconds limit);

 private:
  using Timer = std::shared_ptr<asio::steady_timer>;
  Task<void> wait_on(Timer timer);
  Loop& loop_;
  std::vector<std::weak_ptr<asio::steady_timer>> waiting_;
};

}  // namespace shoal::inline core
