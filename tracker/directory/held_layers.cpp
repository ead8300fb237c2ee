#include "tracker/directory/held_layers.hpp"

namespace shoal::tracker::directory {

void HeldLayers::add(NodeId agent, const std::vector<Digest>& digests) {
  if (digests.empty()) return;
  std::unordered_set<Digest>& held = by_agent_[agent];
  for (const Digest& digest : digests) {
    if (held.size() >= largest_held) return;
    if (held.insert(digest).second) by_layer_[digest].agents.push_back(agent);
  }
}

void HeldLayers::remove(NodeId agent, const std::vector<Digest>& digests) {
  const auto found = by_agent_.find(agent);
  if (found == by_agent_.end()) return;
  for (const Digest& digest : digests) {
    if (found->second.erase(digest) > 0) remove_holder(agent, digest);
  }
  if (found->second.empty()) by_agent_.erase(found);
}

void HeldLayers::replace(NodeId agent, const std::vector<Digest>& digests) {
  const std::unordered_set<Digest> now(digests.begin(), digests.end());
  std::vector<Digest> lost;
  const auto found = by_agent_.find(agent);
  if (found != by_agent_.end()) {
    for (const Digest& digest : found->second) {
      if (!now.contains(digest)) lost.push_back(digest);
    }
  }
  remove(agent, lost);
  add(agent, digests);
}

void HeldLayers::remove_agent(NodeId agent) {
  const auto node = by_agent_.extract(agent);
  if (!node) return;
  for (const Digest& digest : node.mapped()) remove_holder(agent, digest);
}

std::size_t HeldLayers::count(NodeId agent) const {
  const auto found = by_agent_.find(agent);
  return found == by_agent_.end() ? 0 : found->second.size();
}

std::vector<NodeId> HeldLayers::holders(const Digest& digest) const {
  const auto found = by_layer_.find(digest);
  return found == by_layer_.end() ? std::vector<NodeId>() : found->second.agents;
}

void HeldLayers::visit_in_turn(const Digest& digest, const std::function<bool(NodeId)>& visit) {
  const auto found = by_layer_.find(digest);
  if (found == by_layer_.end()) return;
  Holders& holders = found->second;
  for (std::size_t i = 0; i < holders.agents.size(); ++i) {
    if (!visit(holders.agents[(holders.next + i) % holders.agents.size()])) break;
  }
  holders.next = (holders.next + 1) % holders.agents.size();
}

void HeldLayers::remove_holder(NodeId agent, const Digest& digest) {
  const auto found = by_layer_.find(digest);
  std::erase(found->second.agents, agent);
  if (found->second.agents.empty()) {
    by_layer_.erase(found);
  } else {
    found->second.next %= found->second.agents.size();
  }
}

}  // namespace shoal::tracker::directory
