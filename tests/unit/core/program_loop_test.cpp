#include <catch2/catch.hpp>
#include <memory>

#include "shared/core/clock.hpp"
#include "shared/core/signal.hpp"

using namespace shoal;

namespace {

struct Part {
  int tasks = 0;
  bool* had_tasks_at_the_end = nullptr;
  explicit Part(bool* had_tasks) : had_tasks_at_the_end(had_tasks) {}
  ~Part() { *had_tasks_at_the_end = tasks > 0; }
};

// In a task's frame: touches the part when the frame is destroyed.
struct Using {
  Part& part;
  explicit Using(Part& p) : part(p) { ++part.tasks; }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  ~Using() { --part.tasks; }
};

Task<void> sleep_long(Clock& clock, Part& part) {
  const Using use(part);
  co_await clock.sleep(std::chrono::hours(24));
}

Task<void> wait_for(Signal& signal, Part& part) {
  const Using use(part);
  co_await signal.wait();
}

}  // namespace

TEST_CASE("tasks that have not ended are destroyed while the parts that they use live") {
  bool had_tasks = true;
  {
    ProgramLoop loop;
    SystemClock clock;
    Part part(&had_tasks);
    Signal signal(loop);
    spawn(loop, sleep_long(clock, part));
    spawn(loop, wait_for(signal, part));
    loop.poll();
    REQUIRE(part.tasks == 2);
    loop.destroy_tasks();
    CHECK(part.tasks == 0);
    signal.notify();
  }
  CHECK_FALSE(had_tasks);
}

TEST_CASE("what another thread posts after the tasks are destroyed never runs") {
  bool ran = false;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  {
    ProgramLoop loop;
    loop.destroy_tasks();
    asio::post(loop, [&ran, owned = std::move(owned)] { ran = true; });
  }
  CHECK_FALSE(ran);
  CHECK(watched.expired());
}
