#include "shared/core/descriptors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("a standard descriptor that is closed becomes /dev/null, and an open one stays") {
  const int before = ::dup(STDIN_FILENO);
  ::close(STDIN_FILENO);
  open_standard_descriptors();
  struct stat opened {};
  REQUIRE(::fstat(STDIN_FILENO, &opened) == 0);
  CHECK(S_ISCHR(opened.st_mode));
  CHECK(opened.st_rdev == ::makedev(1, 3));
  CHECK(::write(STDIN_FILENO, "x", 1) == 1);
  if (before >= 0) {
    REQUIRE(::dup2(before, STDIN_FILENO) == STDIN_FILENO);
    ::close(before);
  }
  struct stat kept {};
  REQUIRE(::fstat(STDOUT_FILENO, &kept) == 0);
  open_standard_descriptors();
  struct stat still {};
  REQUIRE(::fstat(STDOUT_FILENO, &still) == 0);
  CHECK(still.st_ino == kept.st_ino);
}
