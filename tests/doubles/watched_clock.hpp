// WatchedClock: a ManualClock that notes how long each wait is to last. The test runs the loop itself, and moves the
// clock once the wait has begun: however long a limit is, its test takes no time.
#pragma once

#include <vector>

#include "shared/core/clock.hpp"

namespace shoal::test {

class WatchedClock final : public Clock {
 public:
  explicit WatchedClock(Loop& loop) : loop_(loop), clock_(loop) {}
  Time now() const override { return clock_.now(); }
  Task<void> sleep(Milliseconds duration) override {
    waits.push_back(duration);
    return clock_.sleep(duration);
  }
  void set(const Timer& timer, Milliseconds duration) override {
    waits.push_back(duration);
    clock_.set(timer, duration);
  }

  // Everything that is due then happens.
  void pass(Milliseconds duration) {
    clock_.advance(duration);
    loop_.restart();
    loop_.poll();
  }
  // Runs the loop until `condition` holds; false after 10 s of real time, which the other side on a thread of its own
  // has to do its part.
  template <class Condition>
  bool until(Condition condition) {
    const SystemClock machine;
    const Time give_up = machine.now() + std::chrono::seconds(10);
    while (!condition() && machine.now() < give_up) {
      loop_.restart();
      loop_.run_one_for(Milliseconds(10));
    }
    return condition();
  }
  bool until_a_wait_of(Milliseconds duration) {
    return until([&] { return !waits.empty() && waits.back() == duration; });
  }

  std::vector<Milliseconds> waits;

 private:
  Loop& loop_;
  ManualClock clock_;
};

}  // namespace shoal::test
