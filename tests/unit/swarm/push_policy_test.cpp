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
