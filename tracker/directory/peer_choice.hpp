// PeerChoice: who dials whom among the ready members of one swarm. Pure logic.
//
// Up to 13 members everybody knows everybody. Above that about 12 neighbours each: a newcomer dials six, each the one
// with the fewest neighbours among four drawn at random, so that the mean is twelve, nobody has many more, and old and
// new members stay mixed (taking the fewest of all would string newcomers into a chain). The later one dials the
// earlier. Source: DESIGN section 2, evidence/swarm_policy.md (12-regular graph; a full mesh costs too much above 16).
// Threads: the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <unordered_map>
#include <vector>

namespace shoal::tracker {

using NodeId = std::uint32_t;  // a node name of the directory, for as long as the tracker runs

class PeerChoice {
 public:
  static constexpr std::size_t full_mesh_members = 13;
  static constexpr std::size_t newcomer_degree = 6;
  static constexpr std::size_t largest_degree = 18;
  static constexpr std::size_t repair_below = 6;  // a member that lost so many neighbours is given new ones

  using MayDial = std::function<bool(NodeId)>;  // whether the newcomer can reach that member at all

  // The members that `newcomer` is to dial; they are its neighbours from now on. Nothing for a member that is in
  // already.
  std::vector<NodeId> add(NodeId newcomer, const MayDial& may_dial, std::mt19937& random);

  // Forgets a member; returns those who now have too few neighbours, for `repair`.
  std::vector<NodeId> remove(NodeId member);
  // Further members that `member` is to dial.
  std::vector<NodeId> repair(NodeId member, const MayDial& may_dial, std::mt19937& random);

  bool contains(NodeId member) const { return neighbours_.contains(member); }
  std::size_t size() const { return members_.size(); }
  const std::vector<NodeId>& neighbours(NodeId member) const { return neighbours_.at(member); }

 private:
  bool linked(NodeId a, NodeId b) const;
  void link(NodeId a, NodeId b);
  std::vector<NodeId> some_members(std::mt19937& random) const;
  NodeId draw(const std::vector<NodeId>& candidates, std::mt19937& random) const;
  std::vector<NodeId> link_some(NodeId member, std::size_t count, const MayDial& may_dial, std::mt19937& random);

  std::vector<NodeId> members_;
  std::unordered_map<NodeId, std::vector<NodeId>> neighbours_;
};

}  // namespace shoal::tracker
