// When a tracker is suspected, trusted again and given up. A step is 250 ms.
#include "agent/link/health.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace shoal;
using namespace shoal::agent::link;
using Next = Health::Next;

namespace {

struct Stage {
  Stage() { health.connected(heard, now); }
  Next step() {
    now += Health::step_length;
    return health.step(heard, now, is_receiving);
  }
  // What comes of so many steps, without those of which nothing comes.
  std::vector<Next> steps(int count) {
    std::vector<Next> found;
    for (int i = 0; i < count; ++i) {
      const Next next = step();
      if (next != Next::nothing) found.push_back(next);
    }
    return found;
  }
  // Steps pass until that comes.
  Milliseconds time_until(Next wanted) {
    const Time began = now;
    for (int i = 0; i < 100; ++i) {
      if (step() == wanted) return std::chrono::duration_cast<Milliseconds>(now - began);
    }
    return Milliseconds::max();
  }

  Time now{};
  std::uint64_t heard = 7;
  bool is_receiving = false;
  Health health{now};
};

}  // namespace

TEST_CASE("a tracker of which nothing is heard is pinged, and suspected when it does not answer") {
  Stage stage;
  CHECK(stage.time_until(Next::ping) == control::timing::first_ping);
  CHECK(stage.time_until(Next::suspect) == control::timing::pong);
  CHECK(stage.health.state() == LinkHealth::suspected);
  CHECK(stage.health.since() == stage.now);
  CHECK_FALSE(stage.health.cause().empty());
}

TEST_CASE("a tracker that answers its pings is never suspected, and pinged once a second") {
  Stage stage;
  int pings = 0;
  for (int i = 0; i < 400; ++i) {
    const Next next = stage.step();
    CHECK((next == Next::nothing || next == Next::ping));
    if (next != Next::ping) continue;
    ++pings;
    ++stage.heard;
  }
  CHECK(pings == 100);
}

TEST_CASE("a tracker that falls silent at any moment is suspected within two seconds") {
  for (const bool is_receiving : {false, true}) {
    for (int steps_before = 0; steps_before < 12; ++steps_before) {
      Stage stage;
      stage.is_receiving = is_receiving;
      for (int i = 0; i < steps_before; ++i) {
        if (stage.step() == Next::ping) ++stage.heard;
      }
      CHECK(stage.time_until(Next::suspect) <= std::chrono::seconds(2));
    }
  }
}

TEST_CASE("a suspected tracker is pinged each second, and trusted as soon as anything is heard") {
  Stage stage;
  stage.time_until(Next::suspect);
  CHECK(stage.steps(12) == std::vector(3, Next::ping));
  ++stage.heard;
  CHECK(stage.step() == Next::trust);
  CHECK(stage.health.state() == LinkHealth::up);
  CHECK(stage.steps(2) == std::vector{Next::ping});
}

TEST_CASE("a message ends a suspicion without waiting for a step") {
  Stage stage;
  stage.time_until(Next::suspect);
  CHECK_FALSE(stage.health.hear(stage.heard, stage.now));
  CHECK(stage.health.hear(stage.heard + 1, stage.now));
  CHECK(stage.health.state() == LinkHealth::up);
  CHECK_FALSE(stage.health.hear(stage.heard + 2, stage.now));  // nothing to end
}

TEST_CASE("a tracker has more time for an answer while small layers come, behind which it may wait") {
  Stage stage;
  stage.is_receiving = true;
  CHECK(stage.time_until(Next::suspect) == control::timing::silent_when_receiving);
  Stage ending;
  ending.is_receiving = true;
  CHECK(ending.steps(4) == std::vector{Next::ping});
  ending.is_receiving = false;
  CHECK(ending.steps(1) == std::vector{Next::suspect});
}

TEST_CASE("a tracker that stays silent is given up") {
  Stage stage;
  CHECK(stage.time_until(Next::give_up) == control::timing::longest_suspicion);
}

TEST_CASE("an agent that was frozen itself looks at the connection before it suspects the tracker") {
  Stage stage;
  CHECK(stage.step() == Next::ping);
  stage.now += std::chrono::minutes(1);
  CHECK(stage.step() == Next::nothing);  // the first turn of its loop: the answer is read in this one
  ++stage.heard;
  CHECK(stage.step() == Next::nothing);
  CHECK(stage.health.state() == LinkHealth::up);
}

TEST_CASE("steps pass while a pull waits, and as long as the tracker is suspected") {
  Stage stage;
  CHECK(stage.health.watch(stage.heard, stage.now + Milliseconds(500)));
  CHECK_FALSE(stage.health.watch(stage.heard, stage.now));  // they pass already
  CHECK(stage.health.is_watched(false, stage.now));
  CHECK(stage.health.is_watched(true, stage.now + Milliseconds(500)));
  CHECK_FALSE(stage.health.is_watched(false, stage.now + Milliseconds(500)));
  CHECK(stage.health.watch(stage.heard, stage.now));
  stage.time_until(Next::suspect);
  CHECK(stage.health.is_watched(false, stage.now));
  stage.health.lost("it was silent for too long", stage.now);
  CHECK_FALSE(stage.health.is_watched(true, stage.now));
  CHECK_FALSE(stage.health.watch(stage.heard, stage.now));
}

TEST_CASE("a watch begins with what was heard meanwhile") {
  Stage stage;
  stage.heard += 100;
  CHECK(stage.health.watch(stage.heard, stage.now));
  CHECK(stage.step() == Next::ping);
}

TEST_CASE("failed dials are counted, and the state says since when and why") {
  Stage stage;
  CHECK(stage.health.dialled());
  const Time lost = stage.now += std::chrono::seconds(3);
  stage.health.lost("End of file", lost);
  stage.health.dial_failed("Connection refused");
  stage.health.dial_failed("Connection refused");
  CHECK(stage.health.state() == LinkHealth::down);
  CHECK(stage.health.since() == lost);
  CHECK(stage.health.cause() == "Connection refused");
  CHECK(stage.health.failed_dials() == 2);
  Health fresh{lost};
  CHECK_FALSE(fresh.dialled());
  fresh.dial_failed("Host not found");
  CHECK(fresh.dialled());
}
