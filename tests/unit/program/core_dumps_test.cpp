#include "shared/program/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

rlimit core_limit() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &limit) == 0);
  return limit;
}

bool is_dumpable() {
  return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
}

}  // namespace

TEST_CASE("core dumps are off from the start, and as they were before when the configuration wants them") {
  program::configure_core_dumps({.core_dumps = true});  // whatever other tests have left
  const rlimit before = core_limit();
  REQUIRE(program::forbid_core_dumps());
  REQUIRE(program::forbid_core_dumps());
  CHECK_FALSE(is_dumpable());
  CHECK(core_limit().rlim_cur == 0);
  CHECK(core_limit().rlim_max == before.rlim_max);
  program::configure_core_dumps({});
  CHECK_FALSE(is_dumpable());
  program::configure_core_dumps({.core_dumps = true});
  CHECK(is_dumpable());
  CHECK(core_limit().rlim_cur == before.rlim_cur);
}
