#include "tracker/agent_links.hpp"

#include <utility>

namespace shoal::tracker {

void AgentLinks::add(NodeId node, AgentLink& link) {
  AgentLink* const old = std::exchange(links_[node], &link);
  if (old != nullptr) old->close("another connection of the same node replaced this one");
}

bool AgentLinks::remove(NodeId node, const AgentLink& link) {
  const auto found = links_.find(node);
  if (found == links_.end() || found->second != &link) return false;
  links_.erase(found);
  return true;
}

void AgentLinks::send(NodeId node, const control::TrackerMessage& message) {
  const auto link = links_.find(node);
  if (link != links_.end()) link->second->send(message);
}

void AgentLinks::send_to_all(const control::TrackerMessage& message) {
  for (const auto& [node, link] : links_) link->send(message);
}

void AgentLinks::close(NodeId node, const std::string& cause) {
  const auto link = links_.find(node);
  if (link != links_.end()) link->second->close(cause);
}

void AgentLinks::close_all(const std::string& cause) {
  for (const auto& [node, link] : links_) link->close(cause);
}

}  // namespace shoal::tracker
