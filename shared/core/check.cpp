#include "shared/core/check.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shoal::inline core {
namespace {

constexpr int reader_limit_ms = 1'000;  // a stalled reader must not keep the process from its restart

}  // namespace

void abort_with(const char* line) {
  pollfd entry{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&entry, 1, reader_limit_ms) > 0) {
    const ssize_t written = ::write(STDERR_FILENO, line, std::strlen(line));
    static_cast<void>(written);
  }
  std::abort();
}

void fail_check(const char* file, int line, const char* condition) {
  char text[1024];
  std::snprintf(text, sizeof text, "%s:%d: check failed: %s\n", file, line, condition);
  abort_with(text);
}

}  // namespace shoal::inline core
