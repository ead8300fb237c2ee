// When a member tells that its swarm does not need it any more.
#include "tests/unit/swarm/member_stage.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr Milliseconds a_second{1'000};

// The number of times that it told in this time, on a clock of seconds.
std::size_t look_for(Stage& stage, Milliseconds time) {
  const std::size_t before = stage.count<Unneeded>();
  for (Milliseconds passed{0}; passed < time; passed += a_second) stage.member->tick(stage.now += a_second);
  return stage.count<Unneeded>() - before;
}

}  // namespace

TEST_CASE("a member that has all pieces is not needed once no peer has asked for one for 25 s, and tells it again later") {
  Stage stage(Role::hold);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
}

TEST_CASE("a member is needed while peers come and ask") {
  Stage stage(Role::hold);
  CHECK(look_for(stage, Milliseconds(20'000)) == 0);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  for (PieceIndex piece = 0; piece < 4; ++piece) {
    CHECK(look_for(stage, Milliseconds(20'000)) == 0);
    REQUIRE(stage.says(Asked{piece, true}));
  }
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
}

TEST_CASE("a member is needed while a peer takes what it asked for, however slowly") {
  Stage stage(Role::hold, 1_MiB);
  REQUIRE(stage.greets(Role::fetch, Held::nothing));
  REQUIRE(stage.says(Asked{0, true}));
  stage.link.unsent = 16 << 10;
  for (int second = 0; second < 60; ++second) {
    stage.link.unsent -= 100;
    stage.member->tick(stage.now += a_second);
  }
  CHECK(stage.count<Unneeded>() == 0);
  stage.link.unsent = 0;
  stage.member->tick(stage.now += a_second);
  CHECK(look_for(stage, Milliseconds(26'000)) == 1);
}

TEST_CASE("a member without any peer is not needed after 25 s, unless the tracker names peers meanwhile") {
  Stage stage(Role::hold);
  stage.member->link_down(stage.peer, stage.now);
  CHECK(look_for(stage, Milliseconds(20'000)) == 0);
  stage.member->expect_peers(stage.now);
  CHECK(look_for(stage, Milliseconds(24'000)) == 0);
  CHECK(look_for(stage, a_second) == 1);
}

TEST_CASE("a member that lacks pieces and a seeder do not rest") {
  Stage fetching(Role::fetch);
  REQUIRE(fetching.greets());
  CHECK(look_for(fetching, Milliseconds(60'000)) == 0);
  Stage seeding(Role::seed);
  REQUIRE(seeding.greets());
  CHECK(look_for(seeding, Milliseconds(60'000)) == 0);
}
