#include "tracker/directory/trust.hpp"

#include <algorithm>

#include "shared/log/log.hpp"

namespace shoal::tracker::directory {
namespace {

Accused identity_of(const Agent& agent) {
  return {agent.node, agent.host.text()};
}

}  // namespace

bool Trust::report(NodeId reporter, const Accused& accused, Time now) {
  const Agent* agent = directory_.find(reporter);
  if (agent == nullptr || is_banned(reporter, now)) return false;
  const bool is_registered = std::ranges::any_of(directory_.agents(), [&](const auto& entry) {
    return entry.first != reporter && identity_of(entry.second) == accused;
  });
  if (!is_registered || !blames_.report(accused, agent->host.text(), now)) return false;
  log::error("directory", "node banned",
             {{"node", accused.node}, {"host", accused.host}, {"next", "test that node's memory and disk"}});
  tick(now);
  return true;
}

bool Trust::is_banned(NodeId node, Time now) const {
  const Agent* agent = directory_.find(node);
  return agent != nullptr && blames_.banned(identity_of(*agent), now);
}

void Trust::tick(Time now) {
  if (blames_.empty()) return;
  for (const auto& [node, agent] : directory_.agents()) directory_.set_banned(node, is_banned(node, now));
}

void Trust::distrust(const std::string& node) {
  if (distrusted_.size() < most_distrusted) distrusted_.insert(node);
}

std::deque<control::Endpoint> Trust::holders_to_read(const Digest& digest, Time now) const {
  std::deque<control::Endpoint> found;
  for (const NodeId node : directory_.held_layers().holders(digest)) {
    if (found.size() == read_holders) break;
    const Agent* agent = directory_.find(node);
    const bool serves = agent->is_connected() && agent->small_layers.port != 0 &&
                        reachability_.is_reachable(node, Service::small_layers, now);
    if (serves && !agent->is_banned && !distrusted_.contains(agent->node)) found.push_back(agent->small_layers);
  }
  return found;
}

}  // namespace shoal::tracker::directory
