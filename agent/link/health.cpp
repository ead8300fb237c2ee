#include "agent/link/health.hpp"

#include <algorithm>
#include <utility>

namespace shoal::agent::link {
namespace {

constexpr int steps(Milliseconds duration) {
  return static_cast<int>(duration / Health::step_length);
}

constexpr int ping_again = steps(control::timing::ping_again);
constexpr int pong = steps(control::timing::pong);
constexpr int silent_when_receiving = steps(control::timing::silent_when_receiving);
constexpr int longest_suspicion = steps(control::timing::longest_suspicion);

static_assert(ping_again * Health::step_length == control::timing::ping_again, "whole steps");
static_assert(pong * Health::step_length == control::timing::pong, "whole steps");
static_assert(silent_when_receiving * Health::step_length == control::timing::silent_when_receiving, "whole steps");

}  // namespace

const char* text(LinkHealth health) {
  if (health == LinkHealth::up) return "up";
  return health == LinkHealth::suspected ? "suspected" : "down";
}

void Health::enter(LinkHealth state, Time now) {
  state_ = state;
  since_ = now;
}

void Health::connected(std::uint64_t heard, Time now) {
  enter(LinkHealth::up, now);
  dialled_ = true;
  begin(heard);
}

// The first silent step brings a ping.
void Health::begin(std::uint64_t heard) {
  heard_ = heard;
  silent_ = 0;
  since_ping_ = ping_again;
  pinged_ = false;
}

void Health::lost(std::string cause, Time now) {
  enter(LinkHealth::down, now);
  cause_ = std::move(cause);
}

void Health::dial_failed(std::string cause) {
  dialled_ = true;
  ++failed_dials_;
  cause_ = std::move(cause);
}

bool Health::hear(std::uint64_t heard, Time now) {
  if (heard == std::exchange(heard_, heard)) return false;
  silent_ = 0;
  pinged_ = false;
  if (state_ != LinkHealth::suspected) return false;
  enter(LinkHealth::up, now);
  return true;
}

bool Health::watch(std::uint64_t heard, Time until) {
  watch_until_ = std::max(watch_until_, until);
  if (state_ == LinkHealth::down || std::exchange(steps_pass_, true)) return false;
  begin(heard);
  return true;
}

bool Health::is_watched(bool is_asked, Time now) {
  const bool is_needed = is_asked || now < watch_until_ || state_ == LinkHealth::suspected;
  steps_pass_ = is_needed && state_ != LinkHealth::down;
  return steps_pass_;
}

Health::Next Health::step(std::uint64_t heard, Time now, bool is_receiving) {
  ++since_ping_;
  if (heard != heard_) return hear(heard, now) ? Next::trust : Next::nothing;
  ++silent_;
  const bool is_late = is_receiving ? silent_ >= silent_when_receiving : since_ping_ >= pong;
  if (pinged_ && is_late && state_ == LinkHealth::up) {
    enter(LinkHealth::suspected, now);
    cause_ = "nothing is heard of the tracker, and it does not answer a ping";
    return Next::suspect;
  }
  if (silent_ >= longest_suspicion) return Next::give_up;
  if (since_ping_ < ping_again) return Next::nothing;
  since_ping_ = 0;
  pinged_ = true;
  return Next::ping;
}

}  // namespace shoal::agent::link
