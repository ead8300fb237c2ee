#include "tracker/seeder/pace.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::tracker::seeder;

TEST_CASE("reading from origins keeps to its rate") {
  Loop loop;
  ManualClock clock(loop);
  Pace pace(clock, {1'000'000});
  bool done = false;
  const auto read = [](Pace& p, bool& finished) -> Task<void> {
    for (int i = 0; i < 20; ++i) co_await p.spend({100'000});
    finished = true;
  };
  spawn(loop, read(pace, done));
  int milliseconds = 0;
  while (!done && milliseconds < 10'000) {
    loop.restart();
    loop.poll();
    clock.advance(Milliseconds(1));
    ++milliseconds;
  }
  CHECK(milliseconds >= 1'700);
  CHECK(milliseconds <= 2'100);
}
