#include "shared/core/task.hpp"

#include <exception>
#include <string>

#include "shared/core/check.hpp"

namespace shoal::inline core {

void spawn(Loop& loop, Task<void> task) {
  asio::co_spawn(loop, std::move(task), [](const std::exception_ptr& failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& bug) {
      const std::string line = "a task ended with an exception: " + std::string(bug.what()) + "\n";
      abort_with(line.c_str());
    } catch (...) {
      abort_with("a task ended with an exception\n");
    }
  });
}

}  // namespace shoal::inline core
