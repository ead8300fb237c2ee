#include "tracker/question_slots.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::tracker;

namespace {

constexpr Milliseconds limit{8'000};

struct Asker {
  std::optional<Result<QuestionSlots::Slot>> taken;
  bool has_slot() const { return taken && *taken && **taken != nullptr; }
};

Task<void> take(QuestionSlots& slots, std::string upstream, Asker& asker) {
  asker.taken = co_await slots.take(std::move(upstream), limit);
}

struct Fixture {
  Loop loop;
  ManualClock clock{loop};
  QuestionSlots slots{loop, clock};
  std::deque<Asker> askers;

  Asker& ask(const std::string& upstream) {
    Asker& asker = askers.emplace_back();
    spawn(loop, take(slots, upstream, asker));
    settle();
    return asker;
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void end(Asker& asker) {
    asker.taken.reset();
    settle();
  }
};

}  // namespace

TEST_CASE("a registry is asked so many questions at once, and the next ones get their turns in order") {
  Fixture f;
  for (std::size_t i = 0; i < QuestionSlots::most_at_once; ++i) CHECK(f.ask("reg").has_slot());
  Asker& next = f.ask("reg");
  Asker& last = f.ask("reg");
  CHECK_FALSE(next.taken);
  CHECK(f.ask("other").has_slot());  // another registry is not held up
  f.end(f.askers[3]);
  CHECK(next.has_slot());
  CHECK_FALSE(last.taken);
  CHECK(f.slots.in_use("reg") == QuestionSlots::most_at_once);
  f.end(f.askers[0]);
  CHECK(last.has_slot());
}

TEST_CASE("a question that gets no turn in time is given up, and its place is nobody's") {
  Fixture f;
  for (std::size_t i = 0; i < QuestionSlots::most_at_once; ++i) f.ask("reg");
  Asker& late = f.ask("reg");
  f.clock.advance(limit);
  f.settle();
  REQUIRE(late.taken);
  REQUIRE_FALSE(*late.taken);
  CHECK(late.taken->error().kind == ErrorKind::unavailable);
  CHECK(late.taken->error().retry_after > Milliseconds(0));
  f.end(f.askers[0]);
  CHECK(f.slots.in_use("reg") == QuestionSlots::most_at_once - 1);
  CHECK(f.ask("reg").has_slot());
}

TEST_CASE("a registry that is asked nothing takes no memory") {
  Fixture f;
  f.end(f.ask("reg"));
  CHECK(f.slots.in_use("reg") == 0);
}
