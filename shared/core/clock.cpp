#include "shared/core/clock.hpp"

namespace shoal::inline core {

Task<void> SystemClock::sleep(Milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  IoError ignored;
  co_await timer.async_wait(into(ignored));
}

Task<void> ManualClock::sleep(Milliseconds duration) {
  const auto timer = std::make_shared<asio::steady_timer>(loop_);
  set(timer, duration);
  IoError ignored;
  co_await timer->async_wait(into(ignored));
}

void ManualClock::set(const Timer& timer, Milliseconds duration) {
  std::erase_if(sleepers_, [&](const Sleeper& sleeper) {
    const auto other = sleeper.timer.lock();
    return !other || other == timer;
  });
  if (duration <= Milliseconds::zero()) {
    timer->expires_after(Milliseconds::zero());
  } else {
    timer->expires_at(Time::max());
    sleepers_.push_back({now() + duration, timer});
  }
}

void ManualClock::advance(Milliseconds duration) {
  now_ = now() + duration;
  std::erase_if(sleepers_, [this](const Sleeper& sleeper) {
    if (sleeper.due > now()) return false;
    if (const auto timer = sleeper.timer.lock()) timer->cancel();
    return true;
  });
}

}  // namespace shoal::inline core
