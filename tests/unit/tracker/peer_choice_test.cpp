#include "tracker/directory/peer_choice.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>

using namespace shoal::tracker::directory;

namespace {

const PeerChoice::MayDial any_member = [](NodeId) { return true; };

// The longest way between `from` and another member; nothing when one of them cannot be reached.
std::optional<std::size_t> farthest(const PeerChoice& graph, NodeId from) {
  std::map<NodeId, std::size_t> distance{{from, 0}};
  std::deque<NodeId> next{from};
  std::size_t longest = 0;
  for (; !next.empty(); next.pop_front()) {
    longest = distance[next.front()];
    for (const NodeId other : graph.neighbours(next.front())) {
      if (distance.emplace(other, longest + 1).second) next.push_back(other);
    }
  }
  return distance.size() == graph.size() ? std::optional(longest) : std::nullopt;
}

PeerChoice grown(NodeId members, std::mt19937& random) {
  PeerChoice graph;
  for (NodeId member = 1; member <= members; ++member) graph.add(member, any_member, random);
  return graph;
}

}  // namespace

TEST_CASE("up to thirteen members all are neighbours, and the later one dials the earlier") {
  std::mt19937 random(1);
  PeerChoice graph;
  for (NodeId member = 1; member <= 13; ++member) {
    auto dialled = graph.add(member, any_member, random);
    std::sort(dialled.begin(), dialled.end());
    REQUIRE(dialled.size() == member - 1);
    for (NodeId earlier = 1; earlier < member; ++earlier) CHECK(dialled[earlier - 1] == earlier);
  }
}

TEST_CASE("above thirteen a newcomer dials six, all earlier and all different") {
  std::mt19937 random(2);
  PeerChoice graph = grown(13, random);
  for (NodeId member = 14; member <= 500; ++member) {
    const auto dialled = graph.add(member, any_member, random);
    CHECK(dialled.size() == PeerChoice::newcomer_degree);
    CHECK(std::set<NodeId>(dialled.begin(), dialled.end()).size() == dialled.size());
    CHECK(std::all_of(dialled.begin(), dialled.end(), [&](NodeId other) { return other < member; }));
  }
}

TEST_CASE("a thousand members have twelve neighbours in the mean, none over the bound, and short ways") {
  std::mt19937 random(3);
  const PeerChoice graph = grown(1000, random);
  std::size_t sum = 0;
  for (NodeId member = 1; member <= 1000; ++member) {
    const std::size_t degree = graph.neighbours(member).size();
    sum += degree;
    CHECK(degree >= PeerChoice::newcomer_degree);
    CHECK(degree <= PeerChoice::largest_degree);
  }
  CHECK(static_cast<double>(sum) / 1000 == Approx(12).margin(0.2));
  const auto from_first = farthest(graph, 1);
  const auto from_last = farthest(graph, 1000);
  REQUIRE(from_first);
  REQUIRE(from_last);
  CHECK(*from_first <= 6);
  CHECK(*from_last <= 6);
}

TEST_CASE("members that lost most of their neighbours are given new ones, and the graph stays connected") {
  std::mt19937 random(4);
  PeerChoice graph = grown(200, random);
  for (NodeId member = 1; member <= 100; ++member) {
    for (const NodeId other : graph.remove(member)) graph.repair(other, any_member, random);
  }
  CHECK(graph.size() == 100);
  for (NodeId member = 101; member <= 200; ++member) {
    CHECK(graph.neighbours(member).size() >= PeerChoice::repair_below);
  }
  CHECK(farthest(graph, 150));
}

TEST_CASE("a member that cannot be reached is not chosen") {
  std::mt19937 random(5);
  PeerChoice graph = grown(40, random);
  const auto dialled = graph.add(
      41, [](NodeId other) { return other % 2 == 0; }, random);
  CHECK(dialled.size() == PeerChoice::newcomer_degree);
  for (const NodeId other : dialled) CHECK(other % 2 == 0);
}

TEST_CASE("a known member is given no neighbours again") {
  std::mt19937 random(6);
  PeerChoice graph = grown(5, random);
  CHECK(graph.add(3, any_member, random).empty());
  CHECK(graph.remove(99).empty());
}
