#include "shared/core/slots.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("as many slots are taken as there are, and one that is given back is taken again") {
  Slots slots(2);
  const auto first = slots.take();
  auto second = slots.take();
  CHECK((first && second));
  CHECK_FALSE(slots.take());
  second.reset();
  CHECK(slots.take());
}

TEST_CASE("a slot that moved on counts once") {
  Slots slots(1);
  auto first = slots.take();
  REQUIRE(first);
  {
    const Slots::Slot moved = std::move(*first);
    first.reset();
    CHECK_FALSE(slots.take());
  }
  CHECK(slots.take());
}

TEST_CASE("a slot may outlive its slots, as those in coroutine frames do at the end of a program") {
  std::optional<Slots::Slot> kept;
  {
    Slots slots(1);
    auto slot = slots.take();
    REQUIRE(slot);
    kept.emplace(std::move(*slot));
  }
  CHECK(kept);
}
