#include "shared/core/failure_memory.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace shoal;

namespace {

Time at(Milliseconds since_start) {
  return Time() + since_start;
}

}  // namespace

TEST_CASE("what failed rests for five seconds, then twice as long each time, for a minute at most") {
  FailureMemory<std::string> memory;
  Time now = at(Milliseconds(0));
  for (const int seconds : {5, 10, 20, 40, 60, 60}) {
    CHECK_FALSE(memory.rests("a", now));
    CHECK(memory.note_failure("a", now));
    CHECK(memory.rests("a", now + Milliseconds(seconds * 1'000 - 1)));
    now += Milliseconds(seconds * 1'000);
  }
  CHECK_FALSE(memory.rests("b", at(Milliseconds(0))));
}

TEST_CASE("a failure within a rest does not lengthen it") {
  FailureMemory<std::string> memory;
  CHECK(memory.note_failure("a", at(Milliseconds(0))));
  CHECK_FALSE(memory.note_failure("a", at(Milliseconds(4'000))));
  CHECK_FALSE(memory.rests("a", at(Milliseconds(5'000))));
}

TEST_CASE("after a success, or a minute without a failure, the first rest is short again") {
  FailureMemory<std::string> memory;
  CHECK(memory.note_failure("a", at(Milliseconds(0))));
  CHECK(memory.note_success("a"));
  CHECK_FALSE(memory.note_success("a"));
  CHECK_FALSE(memory.rests("a", at(Milliseconds(1))));
  CHECK(memory.note_failure("a", at(Milliseconds(10))));
  CHECK_FALSE(memory.rests("a", at(Milliseconds(5'010))));
  CHECK(memory.note_failure("a", at(Milliseconds(70'000))));
  CHECK_FALSE(memory.rests("a", at(Milliseconds(75'000))));
}

TEST_CASE("a full memory drops what rests no longer first") {
  FailureMemory<int> memory({.most = 3});
  for (int key = 0; key < 5; ++key) CHECK(memory.note_failure(key, at(Milliseconds(key))));
  CHECK(memory.size() == 3);
  CHECK_FALSE(memory.rests(0, at(Milliseconds(5))));
  CHECK_FALSE(memory.rests(1, at(Milliseconds(5))));
  CHECK(memory.rests(4, at(Milliseconds(5))));
}
