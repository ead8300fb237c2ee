// The clock, the signal and the pool: what coroutines on the loop wait for.
#include <catch2/catch.hpp>
#include <thread>

#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/core/signal.hpp"

using namespace shoal;

namespace {

Task<void> sleep_and_note(ManualClock& clock, Milliseconds duration, std::vector<int>& log, int name) {
  co_await clock.sleep(duration);
  log.push_back(name);
}

Task<void> wait_and_note(Signal& signal, std::vector<int>& log, int name) {
  co_await signal.wait();
  log.push_back(name);
}

Task<void> wait_twice(Signal& signal, int& wakes) {
  co_await signal.wait();
  ++wakes;
  co_await signal.wait();
  ++wakes;
}

Task<void> wait_at_most(Signal& signal, Milliseconds limit, bool& done) {
  co_await signal.wait_for(limit);
  done = true;
}

Task<void> wait_at_most(Signal& signal, Clock& clock, Milliseconds limit, bool& done) {
  co_await signal.wait_for(clock, limit);
  done = true;
}

Task<void> compute(Pool& pool, int input, std::vector<int>& results, std::thread::id& worked_on) {
  auto work = [input, &worked_on] {
    worked_on = std::this_thread::get_id();
    return input * 2;
  };
  const int result = co_await pool.run(work);
  results.push_back(result);
}

Task<void> compute_text(Pool& pool, std::unique_ptr<std::string>& out) {
  auto made = co_await pool.run([] { return std::make_unique<std::string>("moved"); });
  out = std::move(made);
}

Task<void> count_survivors(Pool& pool, int times, int& survivors) {
  for (int i = 0; i < times; ++i) {
    auto owned = std::make_shared<int>(i);
    const std::weak_ptr<int> watched = owned;
    auto work = [owned = std::move(owned)] { return *owned; };
    co_await pool.run(std::move(work));
    survivors += watched.expired() ? 0 : 1;
  }
}

void settle(Loop& loop) {
  loop.restart();
  loop.poll();
}

}  // namespace

TEST_CASE("a manual clock stands still until it is moved") {
  Loop loop;
  ManualClock clock(loop);
  const Time start = clock.now();
  std::vector<int> log;
  spawn(loop, sleep_and_note(clock, Milliseconds(20), log, 20));
  spawn(loop, sleep_and_note(clock, Milliseconds(10), log, 10));
  settle(loop);
  CHECK(log.empty());
  clock.advance(Milliseconds(9));
  settle(loop);
  CHECK(log.empty());
  clock.advance(Milliseconds(1));
  settle(loop);
  CHECK(log == std::vector{10});
  clock.advance(Milliseconds(1000));
  settle(loop);
  CHECK(log == std::vector{10, 20});
  CHECK(clock.now() - start == Milliseconds(1010));
}

TEST_CASE("a timer that is set anew ends at its new time alone") {
  Loop loop;
  ManualClock clock(loop);
  const Clock::Timer timer = std::make_shared<asio::steady_timer>(loop);
  bool ended = false;
  clock.set(timer, Milliseconds(10));
  clock.set(timer, Milliseconds(20));
  timer->async_wait([&ended](const IoError&) { ended = true; });
  clock.advance(Milliseconds(10));
  settle(loop);
  CHECK_FALSE(ended);
  clock.advance(Milliseconds(10));
  settle(loop);
  CHECK(ended);
}

TEST_CASE("a sleeper that begins after the clock was moved counts from then") {
  Loop loop;
  ManualClock clock(loop);
  std::vector<int> log;
  clock.advance(Milliseconds(100));
  spawn(loop, sleep_and_note(clock, Milliseconds(50), log, 1));
  settle(loop);
  clock.advance(Milliseconds(49));
  settle(loop);
  CHECK(log.empty());
  clock.advance(Milliseconds(1));
  settle(loop);
  CHECK(log == std::vector{1});
}

TEST_CASE("the system's clock moves forward and ends a sleep") {
  Loop loop;
  SystemClock clock;
  bool done = false;
  const Time before = clock.now();
  asio::co_spawn(loop, clock.sleep(Milliseconds(1)), [&done](const std::exception_ptr&) { done = true; });
  loop.run();
  CHECK(done);
  CHECK(clock.now() - before >= Milliseconds(1));
}

TEST_CASE("a signal wakes everybody who waits now and nobody who waits later") {
  Loop loop;
  Signal signal(loop);
  std::vector<int> log;
  spawn(loop, wait_and_note(signal, log, 1));
  spawn(loop, wait_and_note(signal, log, 2));
  settle(loop);
  CHECK(log.empty());
  signal.notify();
  spawn(loop, wait_and_note(signal, log, 3));
  settle(loop);
  CHECK(log.size() == 2);
  signal.notify();
  settle(loop);
  CHECK(log.size() == 3);
}

TEST_CASE("one notification wakes a waiter once") {
  Loop loop;
  Signal signal(loop);
  int wakes = 0;
  spawn(loop, wait_twice(signal, wakes));
  settle(loop);
  signal.notify();
  settle(loop);
  CHECK(wakes == 1);
  signal.notify();
  settle(loop);
  CHECK(wakes == 2);
}

TEST_CASE("a notification with nobody waiting is lost, as a waiter looks at its own state first") {
  Loop loop;
  Signal signal(loop);
  std::vector<int> log;
  signal.notify();
  spawn(loop, wait_and_note(signal, log, 1));
  settle(loop);
  CHECK(log.empty());
  signal.notify();
  settle(loop);
  CHECK(log.size() == 1);
}

TEST_CASE("a wait with a limit ends by the limit or by the signal") {
  Loop loop;
  Signal signal(loop);
  bool by_limit = false;
  spawn(loop, wait_at_most(signal, Milliseconds(1), by_limit));
  loop.run();
  CHECK(by_limit);
  bool by_signal = false;
  spawn(loop, wait_at_most(signal, std::chrono::hours(1), by_signal));
  settle(loop);
  CHECK_FALSE(by_signal);
  signal.notify();
  settle(loop);
  CHECK(by_signal);
}

TEST_CASE("a wait with a limit goes by the clock that it is given") {
  Loop loop;
  ManualClock clock(loop);
  Signal signal(loop);
  bool by_limit = false;
  spawn(loop, wait_at_most(signal, clock, Milliseconds(1'000), by_limit));
  settle(loop);
  clock.advance(Milliseconds(999));
  settle(loop);
  CHECK_FALSE(by_limit);
  clock.advance(Milliseconds(1));
  settle(loop);
  CHECK(by_limit);
  bool by_signal = false;
  spawn(loop, wait_at_most(signal, clock, Milliseconds(1'000), by_signal));
  settle(loop);
  signal.notify();
  settle(loop);
  CHECK(by_signal);
  bool by_no_time = false;
  spawn(loop, wait_at_most(signal, clock, Milliseconds(0), by_no_time));
  settle(loop);
  CHECK(by_no_time);
}

TEST_CASE("the pool works on a thread of its own and the result arrives on the loop") {
  Loop loop;
  Pool pool(2);
  std::vector<int> results;
  std::thread::id worked_on;
  spawn(loop, compute(pool, 21, results, worked_on));
  loop.run();
  CHECK(results == std::vector{42});
  CHECK(worked_on != std::thread::id());
  CHECK(worked_on != std::this_thread::get_id());
}

TEST_CASE("more work than the pool has threads is all done") {
  Loop loop;
  Pool pool(2);
  std::vector<int> results;
  std::vector<std::thread::id> worked_on(100);
  for (int i = 0; i < 100; ++i) spawn(loop, compute(pool, i, results, worked_on[static_cast<std::size_t>(i)]));
  loop.run();
  std::sort(results.begin(), results.end());
  REQUIRE(results.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(results[static_cast<std::size_t>(i)] == 2 * i);
}

TEST_CASE("the pool hands over values that only move") {
  Loop loop;
  Pool pool(1);
  std::unique_ptr<std::string> out;
  spawn(loop, compute_text(pool, out));
  loop.run();
  REQUIRE(out);
  CHECK(*out == "moved");
}

TEST_CASE("what the work owned is gone when the pool has returned") {
  Loop loop;
  Pool pool(2);
  int survivors = 0;
  spawn(loop, count_survivors(pool, 5'000, survivors));
  loop.run();
  CHECK(survivors == 0);
}
