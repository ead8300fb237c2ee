#include "shared/swarm/bans.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

const Identity node{"a", "10.0.0.1"};
constexpr Time start{std::chrono::hours(5)};

}  // namespace

TEST_CASE("two bad pieces ban a node, under its name at its address") {
  Bans bans;
  CHECK_FALSE(bans.blame(node, start));
  CHECK_FALSE(bans.banned(node, start));
  CHECK(bans.blame(node, start + Milliseconds(1)));
  CHECK(bans.banned(node, start + Milliseconds(1)));
  CHECK_FALSE(bans.banned({"a", "10.0.0.2"}, start));
  CHECK_FALSE(bans.banned({"b", "10.0.0.1"}, start));
}

TEST_CASE("a bad piece is forgiven after a time without another, and a ban ends") {
  Bans bans;
  bans.blame(node, start);
  CHECK_FALSE(bans.blame(node, start + Bans::forgive + Milliseconds(1)));
  bans.ban(node, start);
  CHECK(bans.banned(node, start + Bans::lasts));
  CHECK_FALSE(bans.banned(node, start + Bans::lasts + Milliseconds(1)));
  CHECK_FALSE(bans.blame(node, start + Bans::lasts + Milliseconds(1)));
}
