// When a member tells that its swarm does not need it any more.
#include "tests/unit/swarm/member_stage.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr Milliseconds a_second{1'000};

// Looks each second, as the session does; the number of times that it told.
std::size_t look_for(Stage& stage, Milliseconds time) {
  const std::size_t before = stage.count<Unneeded>();
  for (Milliseconds passed{0}; passed < time; passed += a_second) stage.member->look_for_rest(stage.now += a_second);
  return stage.count<Unneeded>() - before;
}

}  // namespace

TEST_CASE("a member that has all pieces and no peer that lacks one is not needed after 25 s, and tells it again later") {
  Stage stage(Role::hold);
  REQUIRE(stage.greets(Role::fetch, Held::everything));
  CHECK(look_for(stage, Milliseconds(25'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
}

TEST_CASE("a member is needed while a peer lacks a piece or has not said what it has") {
  Stage stage(Role::hold);
  CHECK(look_for(stage, Milliseconds(60'000)) == 0);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  CHECK(look_for(stage, Milliseconds(60'000)) == 0);
  REQUIRE(stage.says(Offered{{{0, stage.layer.layout.count() - 1}}}));
  CHECK(look_for(stage, Milliseconds(60'000)) == 0);
  REQUIRE(stage.says(Offered{{{stage.layer.layout.count() - 1, 1}}}));
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
}

TEST_CASE("a member without any peer is not needed after 25 s, unless the tracker names peers meanwhile") {
  Stage stage(Role::hold);
  stage.member->link_down(stage.peer, stage.now);
  CHECK(look_for(stage, Milliseconds(20'000)) == 0);
  stage.member->expect_peers(stage.now);
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
}

TEST_CASE("the seeder as a peer needs nothing") {
  Stage stage(Role::hold);
  REQUIRE(stage.greets(Role::seed, Held::nothing));
  CHECK(look_for(stage, Milliseconds(26'000)) == 1);
}

TEST_CASE("a member that lacks pieces and a seeder do not rest") {
  Stage fetching(Role::fetch);
  REQUIRE(fetching.greets());
  CHECK(look_for(fetching, Milliseconds(60'000)) == 0);
  Stage seeding(Role::seed);
  REQUIRE(seeding.greets());
  CHECK(look_for(seeding, Milliseconds(60'000)) == 0);
}
