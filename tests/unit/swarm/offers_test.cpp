#include "shared/swarm/policy/policy.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

TEST_CASE("offers to one peer are batched, an acknowledgement to a seeder is not") {
  Policy policy(Role::fetch, PieceSet(8), 0);
  Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {}, PieceSet(8), now);
  policy.peer_came(2, {true, Nearness::nowhere, 0}, PieceSet(8), now);
  const auto arrive = [&](PieceIndex piece) {
    REQUIRE(policy.piece_begins(2, piece, now) == Arrival::asked);
    policy.piece_verified(2, piece, now);
    return policy.decide(now);
  };
  CHECK(arrive(0).size() == 2);  // nothing was offered for long: at once, to both
  const std::vector<Action> second = arrive(1);
  REQUIRE(second.size() == 1);
  CHECK(std::get<Offer>(second[0]).peer == 2);
  arrive(2);
  now += Milliseconds(10);
  const std::vector<Action> batch = policy.decide(now);
  REQUIRE(batch.size() == 1);
  CHECK(std::get<Offer>(batch[0]).ranges == std::vector<PieceRange>{{1, 2}});
}

TEST_CASE("a seeder hears of its own pushes at once and of everything else once a second") {
  Policy policy(Role::fetch, PieceSet(8), 0);
  Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {true, Nearness::nowhere, 0}, PieceSet(8), now);
  policy.peer_came(2, {}, PieceSet(8), now);
  const auto asked_piece_comes = [&](PieceIndex piece) {
    policy.peer_offers(2, {piece, 1}, now);
    for (const Action& action : policy.decide(now)) {
      if (const auto* ask = std::get_if<Ask>(&action)) policy.piece_verified(2, ask->piece, now);
    }
    return policy.decide(now);
  };
  CHECK(std::holds_alternative<Offer>(asked_piece_comes(0).front()));  // nothing was offered for long
  now += Milliseconds(900);
  for (const Action& action : asked_piece_comes(1)) CHECK_FALSE(std::holds_alternative<Offer>(action));
  now += Milliseconds(100);
  const std::vector<Action> later = policy.decide(now);
  REQUIRE(later.size() == 1);
  CHECK(std::get<Offer>(later[0]).peer == 1);
}
