#include "tracker/directory/peer_choice.hpp"

#include <algorithm>
#include <set>

#include "shared/core/check.hpp"
#include "shared/swarm/mesh.hpp"

namespace shoal::tracker::directory {

std::vector<NodeId> PeerChoice::add(NodeId newcomer, const MayDial& may_dial, std::mt19937& random) {
  if (contains(newcomer)) return {};
  const bool mesh = members_.size() < swarm::full_mesh_members;
  neighbours_[newcomer];
  auto chosen = link_some(newcomer, mesh ? members_.size() : newcomer_degree, may_dial, random);
  members_.push_back(newcomer);
  return chosen;
}

std::vector<NodeId> PeerChoice::remove(NodeId member) {
  const auto found = neighbours_.find(member);
  if (found == neighbours_.end()) return {};
  std::vector<NodeId> under_connected;
  for (const NodeId other : found->second) {
    auto& list = neighbours_.at(other);
    std::erase(list, member);
    if (list.size() < repair_below && list.size() + 2 < members_.size()) under_connected.push_back(other);
  }
  neighbours_.erase(found);
  std::erase(members_, member);
  return under_connected;
}

std::vector<NodeId> PeerChoice::repair(NodeId member, const MayDial& may_dial, std::mt19937& random) {
  SHOAL_CHECK(contains(member));
  const std::size_t has = neighbours(member).size();
  return has >= newcomer_degree ? std::vector<NodeId>{} : link_some(member, newcomer_degree - has, may_dial, random);
}

bool PeerChoice::linked(NodeId a, NodeId b) const {
  const auto& list = neighbours_.at(a);
  return std::find(list.begin(), list.end(), b) != list.end();
}

void PeerChoice::link(NodeId a, NodeId b) {
  neighbours_.at(a).push_back(b);
  neighbours_.at(b).push_back(a);
}

NodeId PeerChoice::draw(const std::vector<NodeId>& candidates, std::mt19937& random) const {
  std::uniform_int_distribution<std::size_t> any(0, candidates.size() - 1);
  NodeId best = candidates[any(random)];
  for (int more = 1; more < 4; ++more) {
    const NodeId other = candidates[any(random)];
    if (neighbours(other).size() < neighbours(best).size()) best = other;
  }
  return best;
}

// All of them while they are few; else a random part, so that a newcomer among ten thousand costs no more.
std::vector<NodeId> PeerChoice::some_members(std::mt19937& random) const {
  constexpr std::size_t enough = 128;  // four are drawn for each of six neighbours: the best is among them
  if (members_.size() <= enough) return members_;
  std::uniform_int_distribution<std::size_t> any(0, members_.size() - 1);
  std::set<NodeId> some;
  for (std::size_t i = 0; i < enough; ++i) some.insert(members_[any(random)]);
  return {some.begin(), some.end()};
}

std::vector<NodeId> PeerChoice::link_some(NodeId member, std::size_t count, const MayDial& may_dial,
                                          std::mt19937& random) {
  std::vector<NodeId> candidates = some_members(random);
  std::erase_if(candidates, [&](NodeId other) {
    return other == member || linked(member, other) || neighbours(other).size() >= largest_degree || !may_dial(other);
  });
  std::vector<NodeId> chosen;
  while (chosen.size() < count && !candidates.empty()) {
    chosen.push_back(draw(candidates, random));
    link(member, chosen.back());
    std::erase(candidates, chosen.back());
  }
  return chosen;
}

}  // namespace shoal::tracker::directory
