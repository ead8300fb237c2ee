#include "shared/swarm/libtorrent/steady_system_clock.hpp"

#include <time.h>

#include <chrono>

// Defined here for the whole program, in place of libstdc++'s.
std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
  static const auto ahead = [] {
    timespec real{};
    clock_gettime(CLOCK_REALTIME, &real);
    return seconds(real.tv_sec) + nanoseconds(real.tv_nsec) - steady_clock::now().time_since_epoch();
  }();
  return time_point(duration_cast<duration>(steady_clock::now().time_since_epoch() + ahead));
}

namespace shoal::swarm {

void start_steady_system_clock() {
  std::chrono::system_clock::now();
}

}  // namespace shoal::swarm
