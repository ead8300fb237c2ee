#include "shared/origin/reach.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

const Error refused{ErrorKind::unavailable, "connect: Connection refused", Milliseconds(0), Fault::port_closed};

struct Stage {
  Loop loop;
  ManualClock clock{loop};
  Reach reach{clock};
};

}  // namespace

TEST_CASE("a host that was never asked, or could be reached, may be asked") {
  Stage stage;
  CHECK_FALSE(stage.reach.pass("a"));
  CHECK_FALSE(stage.reach.note_success("a"));
  CHECK_FALSE(stage.reach.pass("a"));
}

TEST_CASE("a host that could not be reached is not asked for five seconds, with the cause; others are") {
  Stage stage;
  CHECK(stage.reach.note_failure("a", refused));
  for (int i = 0; i < 3; ++i) CHECK(stage.reach.pass("a").value().what == refused.what);
  CHECK_FALSE(stage.reach.pass("b"));
  stage.clock.advance(Milliseconds(4'999));
  CHECK(stage.reach.pass("a"));
  CHECK(stage.reach.find("a"));
}

TEST_CASE("then one request is let through, and the others wait for how it ends") {
  Stage stage;
  stage.reach.note_failure("a", refused);
  stage.clock.advance(Milliseconds(5'000));
  CHECK_FALSE(stage.reach.find("a"));
  CHECK_FALSE(stage.reach.pass("a"));
  CHECK(stage.reach.find("a"));
  CHECK(stage.reach.pass("a"));
  SECTION("well: all may ask") {
    CHECK(stage.reach.note_success("a"));
    for (int i = 0; i < 3; ++i) CHECK_FALSE(stage.reach.pass("a"));
  }
  SECTION("not at all: the next one is let through after a while") {
    stage.clock.advance(Reach::probe_limit);
    CHECK_FALSE(stage.reach.pass("a"));
    CHECK(stage.reach.pass("a"));
  }
}

TEST_CASE("the time doubles with each failure of a probe, up to a minute") {
  Stage stage;
  stage.reach.note_failure("a", refused);
  for (const int seconds : {5, 10, 20, 40, 60, 60}) {
    CHECK(stage.reach.pause("a") == std::chrono::seconds(seconds));
    stage.clock.advance(std::chrono::seconds(seconds) - Milliseconds(1));
    CHECK(stage.reach.pass("a"));
    stage.clock.advance(Milliseconds(1));
    CHECK_FALSE(stage.reach.pass("a"));
    CHECK(stage.reach.note_failure("a", refused));
  }
}

TEST_CASE("requests that were under way together fail once") {
  Stage stage;
  CHECK(stage.reach.note_failure("a", refused));
  for (int i = 0; i < 20; ++i) CHECK_FALSE(stage.reach.note_failure("a", refused));
  CHECK(stage.reach.pause("a") == Reach::shortest);
}

TEST_CASE("of more hosts than are kept, the one that may be asked first is forgotten") {
  Stage stage;
  stage.reach.note_failure("first", refused);
  stage.clock.advance(Milliseconds(1));
  for (int i = 0; i < 1'023; ++i) stage.reach.note_failure(std::to_string(i), refused);
  CHECK(stage.reach.pass("first"));
  stage.reach.note_failure("one more", refused);
  CHECK_FALSE(stage.reach.pass("first"));
  CHECK(stage.reach.pass("0"));
}
