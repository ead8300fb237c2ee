#include "shared/core/descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared/core/result.hpp"

namespace shoal::inline core {

void open_standard_descriptors() {
  for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard) {
    if (::fcntl(standard, F_GETFD) != -1) continue;
    // The lowest free number is the one that is missing: those below it are open. Programs that are started inherit it.
    if (::open("/dev/null", O_RDWR) != standard) throw StartError("cannot open /dev/null");
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

std::size_t descriptor_limit() {
  rlimit limit{};
  constexpr std::size_t usual = 1'024;
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : usual;
}

}  // namespace shoal::inline core
