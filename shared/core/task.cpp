#include "shared/core/task.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace shoal::inline core {

void spawn(Loop& loop, Task<void> task) {
  asio::co_spawn(loop, std::move(task), [](const std::exception_ptr& failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& bug) {
      std::fprintf(stderr, "a task ended with an exception: %s\n", bug.what());
    }
    std::abort();
  });
}

}  // namespace shoal::inline core
