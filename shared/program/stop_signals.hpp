// StopSignals: SIGTERM and SIGINT ask a program to end, once. Further ones change nothing, until the process is gone:
// a service manager, or a user, that asks again while it ends gets its exit code all the same.
//
// Threads: the loop, which ends before this does.
#pragma once

#include <functional>
#include <memory>

#include "shared/core/task.hpp"

namespace shoal::program {

class StopSignals {
 public:
  StopSignals(Loop& loop, std::function<void()> on_first);
  ~StopSignals();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::program
