#include "tracker/directory/roster.hpp"

#include <algorithm>

namespace shoal::tracker::directory {

void Roster::restart(Generation generation) {
  generation_ = generation;
  graph_ = PeerChoice();
  asked_to_serve_.clear();
  for (auto& [node, member] : members_) {
    member.state = MemberState::joining;
    member.pieces = 0;
    member.has_seeder = false;
    member.introduced_on = 0;
  }
}

Member& Roster::join(NodeId node, std::uint64_t size_hint_bytes) {
  Member& member = members_[node];
  member.size_hint_bytes = size_hint_bytes;
  return member;
}

std::vector<NodeId> Roster::remove(NodeId node) {
  auto under_connected = graph_.remove(node);
  members_.erase(node);
  asked_to_serve_.erase(node);
  std::erase_if(under_connected, [this](NodeId other) { return members_.at(other).state == MemberState::complete; });
  return under_connected;
}

Member* Roster::find(NodeId node) {
  const auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

std::vector<NodeId> Roster::nodes() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, member] : members_) nodes.push_back(node);
  return nodes;
}

RosterCounts Roster::counts() const {
  RosterCounts counts;
  for (const auto& [node, member] : members_) {
    if (member.state == MemberState::joining) ++counts.joining;
    if (member.state == MemberState::ready) ++counts.ready;
    if (member.state == MemberState::complete) ++counts.complete;
  }
  return counts;
}

NodeId Roster::unfinished() const {
  const auto found = std::find_if(members_.begin(), members_.end(), [](const auto& entry) {
    return entry.second.state != MemberState::complete;
  });
  return found == members_.end() ? 0 : found->first;
}

bool Roster::give_seeder(NodeId node) {
  Member* member = find(node);
  if (member == nullptr || member->has_seeder || member->state == MemberState::complete) return false;
  std::size_t given = 0;
  for (const auto& [other, state] : members_) given += state.has_seeder && state.state != MemberState::complete;
  member->has_seeder = given < seeder_members;
  return member->has_seeder;
}

bool Roster::ask_to_serve(NodeId node) {
  if (asked_to_serve_.size() >= served_by || members_.contains(node)) return false;
  return asked_to_serve_.insert(node).second;
}

}  // namespace shoal::tracker::directory
