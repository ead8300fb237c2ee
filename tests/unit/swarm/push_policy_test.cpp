#include "shared/swarm/policy/policy.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

TEST_CASE("a peer that claims to have everything keeps no piece of an arriving layer from the others") {
  Policy policy(Role::seed, PieceSet(4), 0);
  policy.peer_came(1, {}, PieceSet(4), Time{});
  policy.peer_came(2, {}, PieceSet(4), Time{});
  policy.peer_offers(1, {0, 4}, Time{});
  policy.in_file(0);
  const std::vector<Action> first = policy.decide(Time{});
  REQUIRE(first.size() == 1);
  CHECK(std::get<Push>(first[0]).peer == 2);
  policy.peer_offers(2, {0, 1}, Time{});  // it has it
  CHECK(policy.decide(Time{}).empty());
  policy.in_file(1);
  policy.in_file(2);
  policy.in_file(3);
  for (const Action& action : policy.decide(Time{}))
    CHECK(std::holds_alternative<Offer>(action));  // all is there: asks
}

TEST_CASE("a piece that one peer took and no other shows is pushed to another when there is nothing else to do") {
  Policy policy(Role::seed, PieceSet(4), 0);
  Time now{};
  for (const PeerId peer : {1U, 2U}) policy.peer_came(peer, {}, PieceSet(4), now);
  policy.in_file(0);
  const std::vector<Action> first = policy.decide(now);
  REQUIRE(first.size() == 1);
  const PeerId taker = std::get<Push>(first[0]).peer;
  policy.peer_offers(taker, {0, 1}, now);
  now += Milliseconds(1900);
  CHECK(policy.decide(now).empty());  // it is to pass it on
  now += Milliseconds(200);
  const std::vector<Action> second = policy.decide(now);
  REQUIRE(second.size() == 1);
  CHECK(std::get<Push>(second[0]).peer != taker);
}

TEST_CASE("a claimed piece whose taker leaves before it has all of it is pushed to another") {
  Policy policy(Role::seed, PieceSet(4), 0);
  for (const PeerId peer : {1U, 2U}) policy.peer_came(peer, {}, PieceSet(4), Time{});
  policy.peer_offers(1, {0, 4}, Time{});  // it says
  policy.in_file(0);
  REQUIRE(policy.decide(Time{}).size() == 1);
  policy.peer_left(2);
  policy.peer_came(3, {}, PieceSet(4), Time{});
  const std::vector<Action> again = policy.decide(Time{});
  REQUIRE(again.size() == 1);
  CHECK(std::get<Push>(again[0]).peer == 3);
}

TEST_CASE("the peer that acknowledges soonest is given no more than the others") {
  constexpr PeerId peers = 12;
  Policy policy(Role::seed, PieceSet::full(400), 0);
  Time now = Time{} + std::chrono::hours(1);
  for (PeerId id = 1; id <= peers; ++id) policy.peer_came(id, {}, PieceSet(400), now);
  std::vector<std::vector<PieceIndex>> pushed(peers + 1);
  std::vector<int> given(peers + 1, 0);
  const auto decide = [&] {
    for (const Action& action : policy.decide(now)) {
      if (const auto* push = std::get_if<Push>(&action)) {
        pushed[push->peer].push_back(push->piece);
        ++given[push->peer];
      }
    }
  };
  const auto acknowledge = [&](PeerId id) {
    if (pushed[id].empty()) return;
    policy.peer_offers(id, {pushed[id].front(), 1}, now);
    pushed[id].erase(pushed[id].begin());
    decide();
  };
  decide();
  for (int round = 0; round < 8; ++round) {
    now += Milliseconds(10);
    for (PeerId id = 1; id <= peers; ++id) acknowledge(id), acknowledge(1);
  }
  REQUIRE(given[1] > 8);
  CHECK(given[1] <= *std::min_element(given.begin() + 1, given.end()) + 4);
}

namespace {

std::vector<PieceIndex> pushed(const std::vector<Action>& actions) {
  std::vector<PieceIndex> pieces;
  for (const Action& action : actions) {
    if (const auto* push = std::get_if<Push>(&action)) pieces.push_back(push->piece);
  }
  return pieces;
}

}  // namespace

TEST_CASE("a seeder in a window has a piece until two agents hold it, or the only one") {
  Policy policy(Role::seed, PieceSet(8), 0, true);
  policy.peer_came(1, {}, PieceSet(8), Time{});
  policy.in_file(0);
  REQUIRE(pushed(policy.decide(Time{})) == std::vector<PieceIndex>{0});
  CHECK(policy.take_released().empty());
  policy.peer_offers(1, {0, 1}, Time{});
  CHECK(policy.take_released() == std::vector<PieceIndex>{0});
  CHECK_FALSE(policy.have().has(0));

  policy.peer_came(2, {}, PieceSet(8), Time{});
  policy.in_file(1);
  REQUIRE(pushed(policy.decide(Time{})).size() == 1);
  policy.peer_offers(1, {1, 1}, Time{});
  policy.peer_offers(2, {1, 1}, Time{});
  CHECK(policy.take_released() == std::vector<PieceIndex>{1});
  policy.in_file(2);
  REQUIRE(pushed(policy.decide(Time{})).size() == 1);
  policy.peer_offers(2, {2, 1}, Time{});
  if (policy.have().has(2)) policy.peer_offers(1, {2, 1}, Time{});  // it may have been pushed to either
  CHECK(policy.take_released() == std::vector<PieceIndex>{2});
}

TEST_CASE("a piece in a window that no second agent takes in time makes room all the same") {
  Policy policy(Role::seed, PieceSet(8), 0, true);
  Time now{};
  for (const PeerId peer : {1U, 2U}) policy.peer_came(peer, {}, PieceSet(8), now);
  policy.in_file(0);
  const auto first = policy.decide(now);
  REQUIRE(pushed(first).size() == 1);
  policy.peer_offers(std::get<Push>(first[0]).peer, {0, 1}, now);
  CHECK(policy.take_released().empty());
  now += Milliseconds(2'100);
  policy.decide(now);
  CHECK(policy.take_released() == std::vector<PieceIndex>{0});
}

TEST_CASE("a peer that keeps nothing is told of the seeder's pieces as they come, and none is pushed to it") {
  Policy policy(Role::seed, PieceSet(8), 0);
  policy.in_file(0);
  policy.peer_came(1, {}, PieceSet(8), Time{});
  policy.peer_takes_only(1);
  const auto offers = [&](Time now) {
    std::vector<PieceRange> ranges;
    for (const Action& action : policy.decide(now)) {
      REQUIRE(std::holds_alternative<Offer>(action));
      const auto& offer = std::get<Offer>(action);
      ranges.insert(ranges.end(), offer.ranges.begin(), offer.ranges.end());
    }
    return ranges;
  };
  const Time later = Time{} + std::chrono::hours(1);
  CHECK(offers(later) == std::vector<PieceRange>{{0, 1}});
  policy.in_file(1);
  CHECK(offers(later + Milliseconds(100)) == std::vector<PieceRange>{{1, 1}});
}
