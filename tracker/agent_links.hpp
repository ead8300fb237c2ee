// AgentLinks: the connected agents, each by its latest connection.
//
// Threads: the loop.
#pragma once

#include <map>

#include "tracker/agent_link.hpp"
#include "tracker/directory/peer_choice.hpp"

namespace shoal::tracker {

using directory::NodeId;

class AgentLinks {
 public:
  void add(NodeId node, AgentLink& link);           // closes an older connection of the agent
  bool remove(NodeId node, const AgentLink& link);  // false: a later connection has replaced this one
  bool contains(NodeId node) const { return links_.contains(node); }
  std::size_t size() const { return links_.size(); }

  void send(NodeId node, const control::TrackerMessage& message);  // to an agent that is not connected: to none
  void send_to_all(const control::TrackerMessage& message);
  void close(NodeId node, const std::string& cause);
  void close_all(const std::string& cause);

 private:
  std::map<NodeId, AgentLink*> links_;
};

}  // namespace shoal::tracker
