// The lines before a host that limits its requests.
#include "shared/origin/turns.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/origin/limited_host.hpp"

using namespace shoal;
using namespace shoal::origin;
using namespace shoal::test;

namespace {

struct Ended {
  std::string name;
  Milliseconds at{};  // since the stage's begin
  std::optional<Error> error{};
};

struct Stage {
  explicit Stage(TurnLimits limits = {}) : turns(clock, limits) { clock.advance(std::chrono::hours(1)); }

  Milliseconds since(Time then) const { return std::chrono::duration_cast<Milliseconds>(clock.now() - then); }

  // One request to "host", answered at once by `host`; its end is noted.
  Task<void> ask(std::string name, Line line, Milliseconds longest) {
    auto place = turns.enter("host", line, longest);
    for (;;) {
      const auto turn = co_await turns.wait(place);
      if (!turn) {
        ended.push_back({name, since(began), turn.error()});
        co_return;
      }
      place.sent = *turn;
      if (host.take(clock.now())) {
        turns.note_accepted(place);
        ended.push_back({name, since(began)});
        co_return;
      }
      if (turns.note_refused(place, 429, retry_after)) continue;
      ended.push_back({name, since(began), Error{ErrorKind::unavailable, "429"}});
      co_return;
    }
  }
  void start(const std::string& name, Line line = Line::layer, Milliseconds longest = Milliseconds(60'000)) {
    spawn(loop, ask(name, line, longest));
    settle();
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void pass(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += Milliseconds(5)) {
      clock.advance(Milliseconds(5));
      settle();
    }
  }
  std::size_t failures() const {
    return static_cast<std::size_t>(
        std::count_if(ended.begin(), ended.end(), [](const Ended& each) { return each.error.has_value(); }));
  }

  Loop loop;
  ManualClock clock{loop};
  Turns turns;
  LimitedHost host{15};
  Milliseconds retry_after{1'000};
  Time began = clock.now();
  std::vector<Ended> ended;
};

}  // namespace

TEST_CASE("a host without a limit is asked at once, however many ask") {
  Stage stage;
  stage.host = LimitedHost(10'000);
  for (int i = 0; i < 1'000; ++i) stage.start(std::to_string(i));
  CHECK(stage.ended.size() == 1'000);
  CHECK(stage.failures() == 0);
  CHECK_FALSE(stage.turns.is_limited("host"));
}

TEST_CASE("90 layers at 15 requests a second all get their turn, in 1.2 times the time that the rate allows") {
  Stage stage;
  SECTION("with Retry-After") {}
  SECTION("without") {
    stage.retry_after = Milliseconds(0);
  }
  for (int i = 0; i < 90; ++i) stage.start(std::to_string(i));
  stage.pass(Milliseconds(7'200));
  CHECK(stage.ended.size() == 90);
  CHECK(stage.failures() == 0);
  CHECK(stage.host.refused <= 3);  // those who come after the first refusal wait for their turn
}

TEST_CASE("no request leaves before the time that the host named") {
  Stage stage;
  stage.retry_after = Milliseconds(5'000);
  for (int i = 0; i < 30; ++i) stage.start(std::to_string(i));
  CHECK(stage.host.asked == 16);
  stage.pass(Milliseconds(4'995));
  CHECK(stage.host.asked == 16);
  stage.pass(Milliseconds(10'000));
  CHECK(stage.ended.size() == 30);
  CHECK(stage.failures() == 0);
}

TEST_CASE("each line is served in the order of arrival, questions first, and one layer of four at least") {
  Stage stage;
  stage.host = LimitedHost(0);
  stage.start("refused");
  stage.host = LimitedHost(100);
  for (int i = 0; i < 4; ++i) stage.start("layer" + std::to_string(i));
  for (int i = 0; i < 9; ++i) stage.start("question" + std::to_string(i), Line::question);
  stage.pass(Milliseconds(20'000));
  std::vector<std::string> names;
  for (const Ended& each : stage.ended) names.push_back(each.name);
  CHECK(names == std::vector<std::string>{"question0", "question1", "question2", "refused", "question3", "question4",
                                          "question5", "layer0", "question6", "question7", "question8", "layer1",
                                          "layer2", "layer3"});
}

TEST_CASE("a wait that would end too late is not begun, and the error says how long it would take") {
  Stage stage;
  SECTION("the host wants a long rest") {
    stage.retry_after = Milliseconds(30'000);
    for (int i = 0; i < 17; ++i) stage.start(std::to_string(i));
    REQUIRE(stage.ended.size() == 17);
    CHECK(stage.ended[15].error->what == "429");
    CHECK(stage.ended[16].error->kind == ErrorKind::unavailable);
    CHECK(stage.ended[16].error->retry_after >= Milliseconds(30'000));
    CHECK(stage.host.asked == 16);
  }
  SECTION("the line is long") {
    for (int i = 0; i < 16; ++i) stage.start(std::to_string(i));
    stage.pass(Milliseconds(1'200));
    for (int i = 0; i < 30; ++i) stage.start(std::to_string(i));
    REQUIRE(stage.failures() == 0);
    stage.start("late", Line::layer, Milliseconds(1'000));
    REQUIRE(stage.failures() == 1);
    CHECK(stage.ended.back().name == "late");
    CHECK(stage.ended.back().error->retry_after > Milliseconds(1'000));
  }
}

TEST_CASE("a host that lets nothing through is given up after ten seconds, one that moves is not") {
  Stage stage;
  for (int i = 0; i < 15; ++i) stage.start(std::to_string(i));
  SECTION("nothing") {
    stage.host = LimitedHost(0);
    for (int i = 0; i < 5; ++i) stage.start("stands " + std::to_string(i));
    stage.pass(Milliseconds(9'000));
    CHECK(stage.failures() == 0);
    stage.pass(Milliseconds(3'000));
    CHECK(stage.failures() == 5);
    // Further ones do not wait for as long again; one at a time finds out whether the host is back.
    const int asked = stage.host.asked;
    stage.start("probe");
    CHECK(stage.failures() == 6);
    stage.start("later");
    CHECK(stage.failures() == 7);
    CHECK(stage.host.asked == asked + 1);
    stage.host = LimitedHost(15);
    stage.pass(Milliseconds(2'000));
    stage.start("again");
    CHECK(stage.failures() == 7);
  }
  SECTION("one in two seconds") {
    stage.host = LimitedHost(1);
    stage.retry_after = Milliseconds(2'000);
    for (int i = 0; i < 12; ++i) stage.start("moves " + std::to_string(i));
    stage.pass(Milliseconds(40'000));
    CHECK(stage.ended.size() == 27);
    CHECK(stage.failures() == 0);
  }
}

TEST_CASE("no more than the limit wait, and the others are told so") {
  Stage stage({.waiting = 3});
  for (int i = 0; i < 20; ++i) stage.start(std::to_string(i));
  CHECK(stage.ended.size() == 17);
  CHECK(stage.failures() == 2);
  CHECK(stage.ended.back().error->what.find("too many requests wait") != std::string::npos);
  stage.pass(Milliseconds(3'000));
  CHECK(stage.ended.size() == 20);
  CHECK(stage.failures() == 2);
}

namespace {

// A clock of which no two readings are the same, as of a machine's.
class RunningClock final : public Clock {
 public:
  explicit RunningClock(ManualClock& clock) : clock_(clock) {}
  Time now() const override { return clock_.now() + std::chrono::nanoseconds(++readings_); }
  Task<void> sleep(Milliseconds duration) override { return clock_.sleep(duration); }
  void set(const Timer& timer, Milliseconds duration) override { clock_.set(timer, duration); }

 private:
  ManualClock& clock_;
  mutable std::int64_t readings_ = 0;
};

Task<void> pass_through(Turns& turns, std::vector<Turns::Place>& passed) {
  auto place = turns.enter("host", Line::layer, Milliseconds(60'000));
  const auto turn = co_await turns.wait(place);
  if (!turn) co_return;
  place.sent = *turn;
  passed.push_back(place);
}

}  // namespace

TEST_CASE("requests that were refused do not count as let through") {
  Loop loop;
  ManualClock manual(loop);
  manual.advance(std::chrono::hours(1));
  RunningClock clock(manual);
  Turns turns(clock, {});
  std::vector<Turns::Place> passed;
  for (int i = 0; i < 64; ++i) spawn(loop, pass_through(turns, passed));
  loop.poll();
  REQUIRE(passed.size() == 64);
  for (std::size_t i = 0; i < 15; ++i) turns.note_accepted(passed[i]);
  for (std::size_t i = 15; i < 64; ++i) turns.note_refused(passed[i], 429, Milliseconds(1'000));
  spawn(loop, pass_through(turns, passed));
  loop.restart();
  loop.poll();
  manual.advance(Milliseconds(1'200));
  loop.restart();
  loop.poll();
  REQUIRE(passed.size() == 65);
  CHECK(turns.requests_per_second("host") == Approx(13.5).epsilon(0.01));
}
