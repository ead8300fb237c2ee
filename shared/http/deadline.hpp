// Deadline: cuts an operation off when its time is over. Asio of Boost 1.74 cannot cancel one coroutine's wait, so the
// deadline cancels the socket, and the coroutine that waited finds `expired`.
//
// Threads: the loop.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "shared/core/task.hpp"
#include "shared/core/units.hpp"

namespace shoal::http {

class Deadline {
 public:
  // `cut` is called at expiry, never after the Deadline is gone.
  Deadline(const asio::any_io_executor& executor, std::function<void()> cut)
      : state_(std::make_shared<State>(executor, std::move(cut))) {}
  ~Deadline() {
    state_->cut = nullptr;
    state_->timer.cancel();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // From now on; replaces an earlier limit.
  void arm(Milliseconds limit) {
    state_->expired = false;
    state_->timer.expires_after(limit);
    const auto turn = ++state_->turn;
    state_->timer.async_wait([state = state_, turn](const IoError& error) {
      if (error || turn != state->turn) return;
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
    std::uint64_t turn = 0;  // tells a wait whose time was changed while it was being called
    bool expired = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace shoal::http
