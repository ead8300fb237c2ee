// Clock: the time that logic is given. SystemClock in programs, ManualClock in tests, which move it.
//
// Threads: `now` any; `sleep` the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "shared/core/task.hpp"
#include "shared/core/units.hpp"

namespace shoal::inline core {

using Time = std::chrono::steady_clock::time_point;

class Clock {
 public:
  // Shared: between the coroutine that waits on it and the part of the program that wakes it before its time.
  using Timer = std::shared_ptr<asio::steady_timer>;

  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual Task<void> sleep(Milliseconds duration) = 0;
  // Waits on the timer, which nothing waits on yet, end after that time, instead of an earlier one. They end at once
  // when it is cancelled.
  virtual void set(const Timer& timer, Milliseconds duration) = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::steady_clock::now(); }
  Task<void> sleep(Milliseconds duration) override;
  void set(const Timer& timer, Milliseconds duration) override { timer->expires_after(duration); }
};

// Stands still until `advance`; sleepers whose time has come are resumed through the loop.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Loop& loop) : loop_(loop) {}
  Time now() const override { return now_.load(); }
  Task<void> sleep(Milliseconds duration) override;
  void set(const Timer& timer, Milliseconds duration) override;
  void advance(Milliseconds duration);

 private:
  struct Sleeper {
    Time due;
    std::weak_ptr<asio::steady_timer> timer;
  };
  Loop& loop_;
  std::atomic<Time> now_{};
  std::vector<Sleeper> sleepers_;
};

}  // namespace shoal::inline core
