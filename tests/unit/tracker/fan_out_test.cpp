#include "tracker/directory/fan_out.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

using Source = std::optional<NodeId>;

const FanOut::Distance everywhere = [](NodeId) { return std::optional<std::size_t>(0); };

Digest a_layer(int number) {
  return digest_of(DigestAlgorithm::sha256, bytes_of(std::to_string(number)));
}

struct Fixture {
  FanOut fan_out;
  std::mt19937 random{1};
  Time now{};
  std::map<Source, int> served;
  std::map<std::pair<int, NodeId>, Source> source;

  Source ask(NodeId node, int number = 1, const std::vector<NodeId>& holders = {},
             const FanOut::Distance& distance = everywhere) {
    const Digest asked = a_layer(number);
    const Source given = fan_out.source_for({asked, node, holders}, distance, now, random);
    ++served[given];
    source[{number, node}] = given;
    return given;
  }
  int most_served() const {
    return std::max_element(served.begin(), served.end(), [](auto& a, auto& b) { return a.second < b.second; })->second;
  }
  int steps(int number, NodeId node) const {
    const Source from = source.at({number, node});
    return from ? 1 + steps(number, *from) : 1;
  }
};

}  // namespace

TEST_CASE("of many agents that ask at once none serves more than a few, and the way to the last is short") {
  Fixture f;
  for (NodeId node = 1; node <= 1000; ++node) f.ask(node);
  CHECK(f.most_served() <= 12);
  CHECK(f.served[std::nullopt] <= 12);
  int longest = 0;
  for (NodeId node = 1; node <= 1000; ++node) longest = std::max(longest, f.steps(1, node));
  CHECK(longest <= 12);
}

TEST_CASE("an agent that serves one layer is spared by the next, though all come in the same order") {
  Fixture f;
  for (int number = 0; number < 40; ++number) {
    for (NodeId node = 1; node <= 12; ++node) f.ask(node, number);
    for (NodeId node = 1; node <= 12; ++node) {
      if (number >= 3) f.fan_out.note_held(node, a_layer(number - 3));
    }
  }
  CHECK(f.most_served() <= 60);  // 37 were each one's share
  CHECK(f.served[std::nullopt] <= 44);
}

TEST_CASE("an agent that has the layer goes before the tracker and before one that waits for it") {
  Fixture f;
  CHECK(f.ask(1) == std::nullopt);
  f.fan_out.note_held(1, a_layer(1));
  CHECK(f.ask(2) == Source(1));
  CHECK(f.ask(3) == Source(1));
  CHECK(f.ask(4, 2, {9}) == Source(9));
}

TEST_CASE("an agent that asks again is sent to the tracker") {
  Fixture f;
  f.ask(1);
  f.ask(2);
  f.ask(3);
  CHECK(f.ask(3) == std::nullopt);
}

TEST_CASE("no agent is sent to one that it cannot reach, nor to one that waits for it") {
  Fixture f;
  f.ask(1);
  f.fan_out.note_held(1, a_layer(1));
  CHECK(f.ask(2) == Source(1));
  CHECK(f.ask(3, 1, {}, [](NodeId) { return std::optional<std::size_t>(); }) == std::nullopt);
  CHECK(f.ask(1) != Source(2));
}

TEST_CASE("another zone counts as steps") {
  Fixture f;
  const auto far = [](NodeId) { return std::optional<std::size_t>(FanOut::steps_between_zones); };
  CHECK(f.ask(1, 1, {9}, far) == std::nullopt);
  CHECK(f.ask(2, 1, {9}, far) == Source(9));
  CHECK(f.ask(3, 1, {9}, far) == std::nullopt);
}

TEST_CASE("a removed agent neither waits nor serves") {
  Fixture f;
  for (NodeId node = 1; node <= 3; ++node) f.ask(node);
  for (NodeId node = 1; node <= 3; ++node) f.fan_out.remove(node);
  CHECK(f.ask(4, 2) == std::nullopt);
  CHECK(f.ask(5, 2, {9}) == Source(9));
}

TEST_CASE("a layer that is not asked for any more is forgotten, with agents that never told that they have it") {
  Fixture f;
  for (NodeId node = 1; node <= 3; ++node) f.ask(node);
  f.now += FanOut::remembered;
  f.fan_out.tick(f.now);
  CHECK(f.ask(4) == std::nullopt);
  CHECK(f.ask(5, 2, {1}) == Source(1));
}
