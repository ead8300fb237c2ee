#include "tests/unit/cluster/virtual_time.hpp"

#include <random>

namespace {

constexpr std::chrono::hours beginning{1};
std::chrono::steady_clock::duration virtual_now = beginning;
std::mt19937 generator;

}  // namespace

// In the program's own symbols these come before libstdc++'s.
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  return time_point(virtual_now);
}

std::random_device::result_type std::random_device::_M_getval() {
  return static_cast<result_type>(generator());
}

namespace shoal {

void VirtualTime::restart(unsigned seed) {
  generator.seed(seed);
  virtual_now = beginning;
}

void VirtualTime::advance(Milliseconds duration) {
  virtual_now += duration;
}

// The kernel's timer, by which Asio learns that one of its own may be due, goes by real time: a timer that is due at
// once makes it look.
void run_what_is_due(Loop& loop) {
  asio::steady_timer look(loop, asio::steady_timer::time_point::min());
  look.async_wait([](const IoError&) {});
  loop.restart();
  loop.poll();
}

}  // namespace shoal
