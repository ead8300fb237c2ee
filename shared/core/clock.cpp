#include "shared/core/clock.hpp"

namespace shoal::inline core {

Task<void> SystemClock::sleep(Milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  IoError ignored;
  co_await timer.async_wait(into(ignored));
}

Task<void> ManualClock::sleep(Milliseconds duration) {
  auto timer = std::make_shared<asio::steady_timer>(loop_, Time::max());
  sleepers_.push_back({now_ + duration, timer});
  IoError ignored;
  co_await timer->async_wait(into(ignored));
}

void ManualClock::advance(Milliseconds duration) {
  now_ += duration;
  std::erase_if(sleepers_, [this](const Sleeper& sleeper) {
    if (sleeper.due > now_) return false;
    sleeper.timer->cancel();
    return true;
  });
}

}  // namespace shoal::inline core
