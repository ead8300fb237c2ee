#include "shared/core/result.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

using namespace shoal;

TEST_CASE("an errno becomes the kind that says what the caller may do next") {
  CHECK(from_errno(ENOENT, "x").kind == ErrorKind::not_found);
  CHECK(from_errno(ENOSPC, "x").kind == ErrorKind::no_space);
  CHECK(from_errno(EDQUOT, "x").kind == ErrorKind::no_space);
  CHECK(from_errno(EACCES, "x").kind == ErrorKind::refused);
  CHECK(from_errno(EROFS, "x").kind == ErrorKind::refused);
  CHECK(from_errno(EIO, "x").kind == ErrorKind::unavailable);
  CHECK(from_errno(ENOENT, "read a layer").what == "read a layer: No such file or directory");
}

TEST_CASE("every kind of failure has a text") {
  CHECK(text(ErrorKind::not_found) == std::string("not found"));
  CHECK(text(ErrorKind::unavailable) == std::string("unavailable"));
  CHECK(text(ErrorKind::corrupt) == std::string("corrupt"));
  CHECK(text(ErrorKind::refused) == std::string("refused"));
  CHECK(text(ErrorKind::no_space) == std::string("no space"));
}

TEST_CASE("a result of false is copied and moved as a value, not as a failure") {
  const Result<bool> no = false;
  Result<bool> copy = no;
  REQUIRE(copy);
  CHECK_FALSE(*copy);
  const Result<bool> copy_of_variable = copy;
  REQUIRE(copy_of_variable);
  CHECK_FALSE(*copy_of_variable);
  const Result<bool> moved = std::move(copy);
  REQUIRE(moved);
  CHECK_FALSE(*moved);
}

TEST_CASE("a mapped result is a result again") {
  const auto half = [](const Result<int>& number) -> Result<int> { return number.map([](int n) { return n / 2; }); };
  CHECK(half(8).value() == 4);
  CHECK(half(fail(ErrorKind::corrupt, "x")).error().kind == ErrorKind::corrupt);
}
