// PeerChoice: which ready members of a swarm dial which. Pure logic.
//
// Up to swarm::full_mesh_members all members are neighbours. Above that each has about 12: a newcomer dials six, each
// the one with the fewest neighbours among four random members. So the mean is twelve, no member has many more, and old
// and new members stay mixed: with the fewest of all, newcomers would form a chain. The later member dials the earlier.
// Measured against a full mesh and other degrees: docs/policy.md.
// Threads: the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <unordered_map>
#include <vector>

namespace shoal::tracker::directory {

using NodeId = std::uint32_t;  // a node name of the directory, for as long as the tracker runs

class PeerChoice {
 public:
  static constexpr std::size_t newcomer_degree = 6;
  static constexpr std::size_t largest_degree = 18;  // each neighbour costs offers; half more than the mean is enough
  static constexpr std::size_t repair_below = 6;     // a member with fewer than a newcomer's receives new ones

  using MayDial = std::function<bool(NodeId)>;  // whether the newcomer can reach that member at all

  // The members that `newcomer` is to dial; they are its neighbours from now on. Nothing for a known member.
  std::vector<NodeId> add(NodeId newcomer, const MayDial& may_dial, std::mt19937& random);

  // Returns the members that have too few neighbours now, for `repair`.
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

}  // namespace shoal::tracker::directory
