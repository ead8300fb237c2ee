#include "shared/http/room.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using http::choose_for_room;
using http::Doing;
using http::Occupant;

namespace {

using Chosen = std::vector<std::size_t>;

Occupant of(std::string_view user, Doing doing, int still_ms) {
  return {.user = user, .doing = doing, .still = Milliseconds(still_ms)};
}

std::vector<Occupant> repeated(std::size_t count, const Occupant& one) {
  return std::vector<Occupant>(count, one);
}

}  // namespace

TEST_CASE("the user with the most places gives way first, however long others have been still") {
  std::vector<Occupant> all = repeated(3, of("uid 65534", Doing::stalled, 600));
  all.push_back(of("uid 0", Doing::stalled, 60'000));
  all.push_back(of("uid 0", Doing::silent, 60'000));
  const Chosen chosen = choose_for_room(all, 1);
  REQUIRE(chosen.size() == 1);
  CHECK(all[chosen[0]].user == "uid 65534");
}

TEST_CASE("users with as many places give way in turn") {
  std::vector<Occupant> all = repeated(4, of("a", Doing::stalled, 600));
  const auto more = repeated(2, of("b", Doing::stalled, 600));
  all.insert(all.end(), more.begin(), more.end());
  const Chosen chosen = choose_for_room(all, 4);
  REQUIRE(chosen.size() == 4);
  CHECK(std::count_if(chosen.begin(), chosen.end(), [](std::size_t each) { return each < 4; }) == 3);
}

TEST_CASE("of one user a silent connection goes before a stalled one, and the longest stillness before others") {
  const std::vector<Occupant> all{of("a", Doing::stalled, 900), of("a", Doing::stalled, 5'000), of("a", Doing::silent, 200),
                                  of("a", Doing::silent, 300), of("a", Doing::busy, 9'000)};
  CHECK(choose_for_room(all, 9) == Chosen{3, 2, 1, 0});
}

TEST_CASE("a connection that was still for a moment is not closed, and no more are than clients wait outside") {
  const std::vector<Occupant> all{of("a", Doing::stalled, 499), of("a", Doing::silent, 99), of("a", Doing::busy, 60'000)};
  CHECK(choose_for_room(all, 3).empty());
  CHECK(choose_for_room(repeated(100, of("a", Doing::stalled, 500)), 3).size() == 3);
}

TEST_CASE("one user keeps others out when one of them waits that has less than half as many places") {
  std::vector<Occupant> all = repeated(5, of("uid 1000", Doing::busy, 10));
  all.push_back(of("uid 0", Doing::busy, 9'000));
  all.push_back(of("uid 0", Doing::busy, 9'000));
  using http::one_that_keeps_others_out;
  CHECK_FALSE(one_that_keeps_others_out(all, {}));
  CHECK_FALSE(one_that_keeps_others_out(all, {"uid 1000"}));
  CHECK(one_that_keeps_others_out(all, {"uid 1000", "uid 0"}) == "uid 1000");
  CHECK(one_that_keeps_others_out(all, {"uid 7"}) == "uid 1000");
  all.push_back(of("uid 0", Doing::busy, 9'000));
  CHECK_FALSE(one_that_keeps_others_out(all, {"uid 0"}));
  CHECK_FALSE(one_that_keeps_others_out({}, {"uid 7"}));
}

TEST_CASE("several users that have all places together keep out nobody who has few") {
  std::vector<Occupant> all = repeated(30, of("a", Doing::busy, 10));
  for (const char* user : {"b", "c"}) {
    const auto more = repeated(31, of(user, Doing::busy, 10));
    all.insert(all.end(), more.begin(), more.end());
  }
  const auto most = http::one_that_keeps_others_out(all, {"d"});
  REQUIRE(most);
  CHECK((*most == "b" || *most == "c"));
  CHECK_FALSE(http::one_that_keeps_others_out(all, {"a", "b", "c"}));
}

TEST_CASE("of that user's connections the one whose client has been still for longest goes, whatever it does") {
  std::vector<Occupant> all{of("a", Doing::busy, 10), of("a", Doing::stalled, 4'000), of("b", Doing::busy, 9'000),
                            of("a", Doing::silent, 50), of("a", Doing::busy, 5'000)};
  all.back().may_close = false;
  CHECK(http::choose_of(all, "a") == 1);
  CHECK_FALSE(http::choose_of(all, "c"));
  CHECK_FALSE(http::choose_of({}, "a"));
}

TEST_CASE("what has become a WebSocket, or is being closed, is left alone and counts for its user") {
  std::vector<Occupant> all = repeated(3, of("a", Doing::stalled, 9'000));
  for (Occupant& each : all) each.may_close = false;
  all.push_back(of("b", Doing::stalled, 600));
  all.push_back(of("a", Doing::stalled, 600));
  CHECK(choose_for_room(all, 1) == Chosen{4});
  CHECK(choose_for_room({}, 1).empty());
}
