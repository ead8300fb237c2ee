#include "shared/program/stop_signals.hpp"

#include <catch2/catch.hpp>
#include <csignal>

using namespace shoal;

TEST_CASE("a program is asked to end once, and a further signal does not kill it while it ends") {
  int asked = 0;
  {
    Loop loop;
    program::StopSignals signals(loop, [&] { ++asked; });
    std::raise(SIGTERM);
    std::raise(SIGINT);
    loop.run();
    std::raise(SIGTERM);
  }
  CHECK(asked == 1);
  std::raise(SIGTERM);
  std::raise(SIGINT);
  CHECK(std::signal(SIGTERM, SIG_DFL) == SIG_IGN);
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_IGN);
}
