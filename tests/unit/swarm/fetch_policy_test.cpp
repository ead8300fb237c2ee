#include "shared/swarm/policy/policy.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr PieceIndex pieces = 400;

}  // namespace

TEST_CASE("a slow delivery that was given back is taken when it comes first and counted when it comes second") {
  Policy policy(Role::fetch, PieceSet(2), 0);
  Time now{};
  for (const PeerId peer : {1U, 2U}) {
    policy.peer_came(peer, {}, PieceSet(2), now);
  }
  policy.peer_offers(1, {0, 1}, now);
  REQUIRE(policy.decide(now).size() == 1);
  policy.peer_offers(2, {0, 1}, now);
  now += Milliseconds(2100);
  const std::vector<Action> again = policy.decide(now);
  REQUIRE(again.size() == 1);
  CHECK(std::get<Ask>(again[0]).peer == 2);
  CHECK(policy.reassigned() == 1);
  CHECK(policy.piece_begins(1, 0, now) == Arrival::asked);
  policy.piece_verified(1, 0, now);
  CHECK(policy.piece_begins(2, 0, now) == Arrival::duplicate);
}

TEST_CASE("a piece that was not asked for is taken from a seeder only") {
  Policy policy(Role::fetch, PieceSet(2), 0);
  policy.peer_came(1, {}, PieceSet(2), Time{});
  policy.peer_came(2, {true, Nearness::nowhere, 0}, PieceSet(2), Time{});
  CHECK(policy.piece_begins(1, 0, Time{}) == Arrival::unasked);
  CHECK(policy.piece_begins(2, 0, Time{}) == Arrival::asked);
  policy.peer_offers(1, {0, 1}, Time{});
  CHECK(policy.decide(Time{}).empty());  // it is on its way
}

TEST_CASE("a piece whose bytes still flow is not given to another") {
  Policy policy(Role::fetch, PieceSet(1), 0);
  Time now{};
  policy.peer_came(1, {}, PieceSet(1), now);
  policy.peer_offers(1, {0, 1}, now);
  REQUIRE(policy.decide(now).size() == 1);
  for (int i = 0; i < 8; ++i) {
    now += Milliseconds(1000);
    policy.bytes_flow(1, now);
    CHECK(policy.decide(now).empty());
    CHECK(policy.reassigned() == 0);
  }
}

TEST_CASE("a peer that delivers within a millisecond is asked for several pieces, as one that is known to deliver") {
  Policy policy(Role::fetch, PieceSet(pieces), 1);
  const Time now = Time{} + std::chrono::hours(1);
  for (const PeerId id : {PeerId{1}, PeerId{2}}) {
    policy.peer_came(id, {}, PieceSet(pieces), now);
    policy.peer_offers(id, {0, pieces}, now);
  }
  const auto asks_of = [](const std::vector<Action>& actions, PeerId id) {
    return std::count_if(actions.begin(), actions.end(), [id](const Action& action) {
      const auto* ask = std::get_if<Ask>(&action);
      return ask != nullptr && ask->peer == id;
    });
  };
  const auto first = policy.decide(now);
  REQUIRE(asks_of(first, 1) == 1);
  const PieceIndex piece = std::get<Ask>(first.front()).piece;
  REQUIRE(policy.piece_begins(1, piece, now) == Arrival::asked);
  policy.piece_verified(1, piece, now);
  const auto next = policy.decide(now);
  CHECK(asks_of(next, 1) > 1);
  CHECK(asks_of(next, 2) == 0);
}

TEST_CASE("a peer is quick until its pieces take long") {
  Policy policy(Role::fetch, PieceSet(pieces), 1);
  Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {}, PieceSet(pieces), now);
  policy.peer_offers(1, {0, pieces}, now);
  CHECK(policy.is_quick(1));
  const auto takes = [&](Milliseconds each) {
    for (int i = 0; i < 20; ++i) {
      policy.decide(now);
      now += each;
      const PieceIndex piece = policy.have().first_missing();
      REQUIRE(policy.piece_begins(1, piece, now) == Arrival::asked);
      policy.piece_verified(1, piece, now);
    }
  };
  takes(Milliseconds(1));
  CHECK(policy.is_quick(1));
  takes(Milliseconds(200));
  CHECK_FALSE(policy.is_quick(1));
  takes(Milliseconds(1));
  CHECK(policy.is_quick(1));
}

TEST_CASE("a fetcher in a window asks for what is wanted, in its own time, and offers nothing") {
  Policy policy(Role::fetch, PieceSet(8), 0, true);
  const Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {}, PieceSet(8), now);
  policy.peer_offers(1, {0, 8}, now);
  CHECK(policy.decide(now).empty());
  policy.want_up_to(2);
  std::vector<PieceIndex> asked;
  for (const Action& action : policy.decide(now)) asked.push_back(std::get<Ask>(action).piece);
  std::sort(asked.begin(), asked.end());
  CHECK(asked == std::vector<PieceIndex>{0, 1});
  policy.piece_verified(1, 0, now);
  policy.piece_verified(1, 1, now);
  CHECK(policy.decide(now).empty());  // no offer, no further ask
  CHECK(policy.shown().held() == 0);
  policy.want_up_to(3);
  const auto next = policy.decide(now);
  REQUIRE(next.size() == 1);
  CHECK(std::get<Ask>(next[0]).piece == 2);
}

TEST_CASE("a piece that a seeder pushes to a fetcher whose window does not reach it is not taken") {
  Policy policy(Role::fetch, PieceSet(8), 0, true);
  policy.peer_came(1, {.is_seeder = true}, PieceSet(8), Time{});
  policy.want_up_to(4);
  CHECK(policy.piece_begins(1, 5, Time{}) == Arrival::duplicate);
  CHECK(policy.piece_begins(1, 3, Time{}) == Arrival::asked);
}

TEST_CASE("pieces that readers wait for are asked for before all others, and those alone when nothing else is wanted") {
  Policy policy(Role::fetch, PieceSet(100), 0);
  policy.want_up_to(0);
  policy.peer_came(1, {}, PieceSet(100), Time{});
  policy.peer_offers(1, {0, 100}, Time{});
  CHECK(policy.decide(Time{}).empty());
  policy.want_first({70, 7});
  const auto asked = [&] {
    std::vector<PieceIndex> pieces;
    for (const Action& action : policy.decide(Time{})) pieces.push_back(std::get<Ask>(action).piece);
    return pieces;
  };
  CHECK(asked() == std::vector<PieceIndex>{70, 7});
  CHECK(asked().empty());  // once
  policy.piece_verified(1, 70, Time{});
  policy.want_first({});
  policy.want_up_to(100);
  CHECK_FALSE(asked().empty());
}

TEST_CASE("a peer that owes as much as it may is asked for a piece that a reader waits for all the same") {
  Policy policy(Role::fetch, PieceSet(100), 0);
  policy.peer_came(1, {}, PieceSet(100), Time{});
  policy.peer_offers(1, {0, 100}, Time{});
  CHECK(policy.decide(Time{}).size() == FetchPolicy::most_asks_per_peer);
  CHECK(policy.decide(Time{}).empty());
  policy.want_first({90, 91, 92, 93});
  CHECK(policy.decide(Time{}).size() == FetchPolicy::more_asks_for_first);
}

TEST_CASE("a piece that a seeder pushes is taken when a reader waits for it") {
  Policy policy(Role::fetch, PieceSet(8), 0);
  policy.want_up_to(0);
  policy.peer_came(1, {.is_seeder = true}, PieceSet(8), Time{});
  policy.want_first({5});
  CHECK(policy.piece_begins(1, 5, Time{}) == Arrival::asked);
  CHECK(policy.piece_begins(1, 6, Time{}) == Arrival::duplicate);
}

namespace {

std::vector<PeerId> asked_peers(Policy& policy, Time now) {
  std::vector<PeerId> peers;
  for (const Action& action : policy.decide(now)) {
    if (const auto* ask = std::get_if<Ask>(&action)) peers.push_back(ask->peer);
  }
  return peers;
}

}  // namespace

TEST_CASE("a peer lags when another has delivered what it still owes; a seeder does not") {
  const bool is_seeder = GENERATE(false, true);
  Policy policy(Role::fetch, PieceSet(2), 0);
  Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {.is_seeder = is_seeder}, PieceSet(2), now);
  policy.peer_offers(1, {0, 1}, now);
  policy.decide(now);
  policy.peer_came(2, {}, PieceSet(2), now);
  policy.peer_offers(2, {0, 1}, now);
  now += Milliseconds(900);
  policy.decide(now);
  policy.bytes_flow(1, now);
  now += Milliseconds(101);
  CHECK(asked_peers(policy, now) == std::vector<PeerId>{2});  // the hedge
  CHECK(policy.take_lagging().empty());
  now += Milliseconds(20);
  policy.piece_verified(2, 0, now);
  policy.bytes_flow(1, now);
  now += Patience::lagging_least;
  policy.decide(now);
  CHECK(policy.take_lagging() == (is_seeder ? std::vector<PeerId>{} : std::vector<PeerId>{1}));
  policy.decide(now + Milliseconds(500));
  CHECK(policy.take_lagging().empty());  // told once
}

TEST_CASE("a peer that lagged lately is asked for what no other peer sends, after the others had time to come") {
  Policy policy(Role::fetch, PieceSet(4), 0);
  Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {.is_lagging = true}, PieceSet(4), now);
  policy.peer_offers(1, {0, 4}, now);
  CHECK(asked_peers(policy, now).empty());
  policy.peer_came(2, {}, PieceSet(4), now);
  policy.peer_offers(2, {0, 2}, now);
  now += Patience::lagging_start;
  CHECK(asked_peers(policy, now) == std::vector<PeerId>{2});
  policy.piece_verified(2, 0, now);
  CHECK(asked_peers(policy, now) == std::vector<PeerId>{2});
  policy.piece_verified(2, 1, now);
  const auto last = asked_peers(policy, now);
  CHECK(std::ranges::all_of(last, [](PeerId peer) { return peer == 1; }));
  CHECK_FALSE(last.empty());
}
