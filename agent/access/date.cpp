#include "agent/access/date.hpp"

#include <time.h>

namespace shoal::agent::access {

std::chrono::seconds date() {
  timespec real{};
  ::clock_gettime(CLOCK_REALTIME, &real);
  return std::chrono::seconds(real.tv_sec);
}

}  // namespace shoal::agent::access
