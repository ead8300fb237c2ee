#include "shared/core/signal.hpp"

namespace shoal::inline core {

void Signal::notify() {
  for (const auto& waiter : std::exchange(waiting_, {})) {
    if (const auto timer = waiter.lock()) timer->cancel();
  }
}

Task<void> Signal::wait() {
  return wait_on(std::make_shared<asio::steady_timer>(loop_, asio::steady_timer::time_point::max()));
}

Task<void> Signal::wait_for(Milliseconds limit) {
  return wait_on(std::make_shared<asio::steady_timer>(loop_, limit));
}

Task<void> Signal::wait_for(Clock& clock, Milliseconds limit) {
  auto timer = std::make_shared<asio::steady_timer>(loop_);
  clock.set(timer, limit);
  return wait_on(std::move(timer));
}

Task<void> Signal::wait_on(Clock::Timer timer) {
  std::erase_if(waiting_, [](const auto& waiter) { return waiter.expired(); });
  waiting_.push_back(timer);
  IoError ignored;
  co_await timer->async_wait(into(ignored));
}

}  // namespace shoal::inline core
