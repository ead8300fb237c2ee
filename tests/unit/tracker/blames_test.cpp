#include "tracker/directory/blames.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

const Accused liar{"liar", "10.0.0.9"};
constexpr Time start{std::chrono::hours(5)};

}  // namespace

TEST_CASE("two reporters on different hosts ban a node, one does not however often it says so") {
  Blames blames;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(blames.report(liar, "10.0.0.1", start));
  CHECK_FALSE(blames.banned(liar, start));
  CHECK(blames.report(liar, "10.0.0.2", start));
  CHECK(blames.banned(liar, start));
  CHECK(blames.all_banned(start) == std::vector{liar});
  CHECK_FALSE(blames.report(liar, "10.0.0.3", start));  // it is banned already
}

TEST_CASE("a name at another address is another node") {
  Blames blames;
  blames.report(liar, "10.0.0.1", start);
  CHECK_FALSE(blames.report({"liar", "10.0.0.8"}, "10.0.0.2", start));
  CHECK_FALSE(blames.banned(liar, start));
}

TEST_CASE("reports and bans are forgotten after an hour") {
  Blames blames;
  blames.report(liar, "10.0.0.1", start);
  const Time later = start + Blames::remembered + Milliseconds(1);
  CHECK_FALSE(blames.report(liar, "10.0.0.2", later));
  CHECK(blames.report(liar, "10.0.0.1", later));
  CHECK_FALSE(blames.banned(liar, later + Blames::remembered + Milliseconds(1)));
}

TEST_CASE("more accused than the bound push out the oldest") {
  Blames blames;
  blames.report(liar, "10.0.0.1", start);
  for (std::size_t i = 0; i < Blames::most_accused; ++i) {
    blames.report({"node" + std::to_string(i), "10.0.1.1"}, "10.0.0.1", start + Milliseconds(1));
  }
  CHECK_FALSE(blames.report(liar, "10.0.0.2", start + Milliseconds(2)));
}
