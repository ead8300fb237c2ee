#include "shared/swarm/policy.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/swarm/simulated_network.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr PieceIndex pieces = 400;
constexpr int alone = 400 * 10;  // milliseconds: all pieces over one uplink

void add_fetchers(SimulatedNetwork& network, int count) {
  for (int i = 0; i < count; ++i) network.add(Role::fetch);
}

int duplicates(SimulatedNetwork& network, std::size_t nodes) {
  int sum = 0;
  for (std::size_t node = 0; node < nodes; ++node) sum += network[node].duplicates;
  return sum;
}

}  // namespace

TEST_CASE("twelve fresh agents end little later than one uplink can send the layer, without duplicates") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 12);
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.2);
  CHECK(network.sent_in_all(seeder) < static_cast<int>(pieces) * 1.15);
  CHECK(duplicates(network, 13) == 0);
}

TEST_CASE("while pieces are still on their way out, each leaves the seeder once") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 12);
  network.mesh();
  CHECK_FALSE(network.run(Milliseconds(alone * 9 / 10)));
  CHECK(network.most_copies(seeder) == 1);
}

TEST_CASE("a cold seeder pushes pieces as they are published, and the last agent ends soon after the last piece") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed);
  add_fetchers(network, 8);
  network.mesh();
  for (PieceIndex piece = 0; piece < pieces; ++piece) {
    network.at(Milliseconds(piece * 12), [&, piece] { network.publish(seeder, piece); });
  }
  REQUIRE(network.run());
  CHECK(network.milliseconds() < pieces * 12 * 1.1);
  CHECK(network.most_copies(seeder) <= 2);
}

TEST_CASE("pieces come nearly in order") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  add_fetchers(network, 12);
  network.mesh();
  REQUIRE(network.run());
  for (std::size_t node = 1; node <= 12; ++node) {
    const std::vector<PieceIndex>& order = network[node].order;
    for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] < i + 80);
  }
}

TEST_CASE("a lone agent on a warm seeder is served at the line's rate") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 1);
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.02);
  CHECK(network.sent_in_all(seeder) == static_cast<int>(pieces));
}

TEST_CASE("agents that die or freeze give their pieces back and the others end") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 8);
  network.mesh();
  network.at(Milliseconds(1000), [&] { network.die(1); });
  network.at(Milliseconds(1500), [&] { network[2].frozen = true; });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.2 + 2500);  // the frozen one's pieces are missed for the 2 s of our patience
  CHECK(network[seeder].policy->reassigned() + network[3].policy->reassigned() > 0);
}

TEST_CASE("a frozen agent that held the only copy of a piece does not stop the others") {
  SimulatedNetwork network(20);
  network.add(Role::seed, true);
  add_fetchers(network, 3);
  network.mesh();
  network.at(Milliseconds(35), [&] { network[1].frozen = true; });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < 200 + 5000);
}

TEST_CASE("what a liar sends is asked of others, and after two bad pieces nothing more of the liar") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  add_fetchers(network, 6);
  network[3].lies = true;
  network.mesh();
  REQUIRE(network.run());
  for (const std::size_t node : {1U, 2U, 4U, 5U, 6U})
    CHECK(network[node].bad <= 2 + 4);  // two, and what was asked already
  CHECK(network.milliseconds() < alone * 1.3);
}

TEST_CASE("a peer that trickles keeps nobody waiting for long") {
  SimulatedNetwork network(100);
  network.add(Role::seed, true);
  add_fetchers(network, 4);
  network[2].piece_milliseconds = 60000;
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < 5000);
  for (const std::size_t node : {1U, 2U, 3U, 4U}) CHECK(network[node].duplicates <= 4);  // asked of a second one
}

TEST_CASE("a peer that delivers now and then is trusted with one piece at a time") {
  SimulatedNetwork network(400);
  network.add(Role::seed, true);
  add_fetchers(network, 4);
  network[2].piece_milliseconds = 700;
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.5);
  for (const std::size_t node : {1U, 3U, 4U}) CHECK(network[node].duplicates <= 10);
}

TEST_CASE("neighbours that trickle all at once leave the seeder") {
  SimulatedNetwork network(100);
  network.add(Role::seed, true);
  add_fetchers(network, 9);
  for (std::size_t node = 2; node <= 9; ++node) network[node].piece_milliseconds = 60000;
  network.mesh();
  REQUIRE(network.run());
  CHECK(network[1].completed - Time{} < std::chrono::seconds(10));  // all nine take nearly everything from one uplink
}

TEST_CASE("an agent that comes late ends without the seeder sending everything again") {
  SimulatedNetwork network(pieces);
  const std::size_t seeder = network.add(Role::seed, true);
  add_fetchers(network, 6);
  network.mesh();
  const std::size_t late = network.add(Role::fetch);
  network.at(Milliseconds(alone / 2), [&] {
    for (std::size_t other = 0; other < late; ++other) network.link(late, other);
  });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 1.6);
  CHECK(network.sent_in_all(seeder) < static_cast<int>(pieces) * 1.5);
}

TEST_CASE("an agent that comes when all others have gone is pushed the whole layer") {
  SimulatedNetwork network(50);
  network.add(Role::seed, true);
  add_fetchers(network, 2);
  network.mesh();
  REQUIRE(network.run());
  network.die(1);
  network.die(2);
  const std::size_t late = network.add(Role::fetch);
  network.link(0, late);
  REQUIRE(network.run());
  CHECK(network[late].order.size() == 50);
}

TEST_CASE("pieces that went down with the only agent that had them are pushed again") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  add_fetchers(network, 1);
  network.mesh();
  const std::size_t second = network.add(Role::fetch);
  network.at(Milliseconds(1000), [&] { network.die(1); });
  network.at(Milliseconds(1100), [&] { network.link(0, second); });
  REQUIRE(network.run());
  CHECK(network[second].order.front() < 10);
}

TEST_CASE("without a seeder several fetchers share what one holder sends") {
  SimulatedNetwork network(pieces);
  const std::size_t holder = network.add(Role::hold, true);
  add_fetchers(network, 6);
  network.mesh();
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 2.5);
  CHECK(network.sent_in_all(holder) < static_cast<int>(pieces) * 2.5);
}

TEST_CASE("about one copy of each piece enters a zone") {
  SimulatedNetwork network(pieces);
  network.add(Role::seed, true);
  for (int i = 0; i < 12; ++i) network.add(Role::fetch, false, 1 + i % 3);
  network.mesh();
  REQUIRE(network.run());
  for (const int zone : {1, 2, 3}) CHECK(network.entered(zone) < static_cast<int>(pieces) * 1.05);
  CHECK(network.milliseconds() < alone * 1.3);
}

TEST_CASE("a zone does not wait for one of its own that froze") {
  SimulatedNetwork network(pieces);
  network.add(Role::hold, true);
  for (int i = 0; i < 4; ++i) network.add(Role::fetch, false, 1);
  network.mesh();
  network.at(Milliseconds(100), [&] { network[2].frozen = true; });
  REQUIRE(network.run());
  CHECK(network.milliseconds() < alone * 2 + 5000);
}

TEST_CASE("who alone in its zone sees anybody outside fetches what others were to fetch") {
  SimulatedNetwork network(100);
  const std::size_t holder = network.add(Role::hold, true);
  for (int i = 0; i < 4; ++i) network.add(Role::fetch, false, 1);
  for (std::size_t a = 1; a <= 4; ++a) {
    for (std::size_t b = a + 1; b <= 4; ++b) network.link(a, b);
  }
  network.link(holder, 1);
  REQUIRE(network.run());
  CHECK(network.entered(1) == 100);
  CHECK(network.milliseconds() < 100 * 10 * 3 + 3000);
}

TEST_CASE("who claims to have everything keeps no piece of an arriving layer from the others") {
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

TEST_CASE("a piece that one peer took and nobody else shows is pushed to another when there is nothing else to do") {
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
  CHECK(policy.piece_begins(1, 0, now) == Policy::Arrival::wanted);
  policy.piece_verified(1, 0, now);
  CHECK(policy.piece_begins(2, 0, now) == Policy::Arrival::duplicate);
}

TEST_CASE("a piece that nobody asked for is taken from a seeder only") {
  Policy policy(Role::fetch, PieceSet(2), 0);
  policy.peer_came(1, {}, PieceSet(2), Time{});
  policy.peer_came(2, {true, Nearness::nowhere, 0}, PieceSet(2), Time{});
  CHECK(policy.piece_begins(1, 0, Time{}) == Policy::Arrival::unasked);
  CHECK(policy.piece_begins(2, 0, Time{}) == Policy::Arrival::wanted);
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

TEST_CASE("who delivers within a millisecond is asked for several pieces, as one that is known to deliver") {
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
  REQUIRE(policy.piece_begins(1, piece, now) == Policy::Arrival::wanted);
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
      REQUIRE(policy.piece_begins(1, piece, now) == Policy::Arrival::wanted);
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

TEST_CASE("offers to one peer are batched, an acknowledgement to a seeder is not") {
  Policy policy(Role::fetch, PieceSet(8), 0);
  Time now = Time{} + std::chrono::hours(1);
  policy.peer_came(1, {}, PieceSet(8), now);
  policy.peer_came(2, {true, Nearness::nowhere, 0}, PieceSet(8), now);
  const auto arrive = [&](PieceIndex piece) {
    REQUIRE(policy.piece_begins(2, piece, now) == Policy::Arrival::wanted);
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

TEST_CASE("whoever acknowledges soonest is given no more than the others") {
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

TEST_CASE("pieces become sorted ranges") {
  CHECK(ranges_of({}).empty());
  CHECK(ranges_of({5, 3, 4, 9, 3}) == std::vector<PieceRange>{{3, 3}, {9, 1}});
}
