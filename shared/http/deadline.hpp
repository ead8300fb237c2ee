// Deadline: cuts an operation off when its time is over. Asio of Boost 1.74 cannot cancel one coroutine's wait, so the
// deadline cancels the socket, and the coroutine that waited finds `expired`.
//
// Threads: the loop.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "shared/core/clock.hpp"

namespace shoal::http {

class Deadline {
 public:
  // `cut` is called at expiry, never after the Deadline is gone.
  Deadline(const asio::any_io_executor& executor, Clock& clock, std::function<void()> cut)
      : clock_(clock), state_(std::make_shared<State>(executor, std::move(cut))) {}
  ~Deadline() {
    state_->cut = nullptr;
    disarm();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // From now on; replaces an earlier limit.
  void arm(Milliseconds limit) {
    state_->expired = false;
    clock_.set(Clock::Timer(state_, &state_->timer), limit);
    const auto turn = ++state_->turn;
    // Whatever the error: a clock that is moved cancels the timer.
    state_->timer.async_wait([state = state_, turn](const IoError&) {
      if (turn != state->turn) return;
      state->expired = true;
      if (state->cut) state->cut();
    });
  }
  void disarm() {
    ++state_->turn;
    state_->timer.cancel();
  }
  bool expired() const { return state_->expired; }

 private:
  struct State {
    State(const asio::any_io_executor& executor, std::function<void()> c) : timer(executor), cut(std::move(c)) {}
    asio::steady_timer timer;
    std::function<void()> cut;
    std::uint64_t turn = 0;  // tells a wait that was given up, or whose time was changed while it was being called
    bool expired = false;
  };
  Clock& clock_;
  std::shared_ptr<State> state_;
};

}  // namespace shoal::http
