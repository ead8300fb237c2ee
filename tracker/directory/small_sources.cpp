#include "tracker/directory/small_sources.hpp"

namespace shoal::tracker::directory {

std::vector<control::Endpoint> SmallSources::sources_for(const Digest& digest, NodeId asking, Time now) {
  const auto distance = [&](NodeId other) { return distance_between(asking, other, now); };
  const auto may = [&](NodeId other) { return distance(other).has_value(); };
  const auto holders = directory_.holders(digest, asking, named_holders, may);
  const auto first = fan_out_.source_for({digest, asking, holders}, distance, now, random_);
  std::vector<control::Endpoint> sources;
  if (first) sources.push_back(directory_.find(*first)->small_layers);
  sources.push_back(tracker_);
  for (const NodeId holder : holders) {
    if (holder != first) sources.push_back(directory_.find(holder)->small_layers);
  }
  return sources;
}

std::optional<std::size_t> SmallSources::distance_between(NodeId asking, NodeId other, Time now) const {
  const Agent* agent = directory_.find(other);
  const bool serves = agent != nullptr && agent->is_connected() && agent->small_layers.port != 0;
  if (!serves || !reachability_.may_send(asking, other, Service::small_layers, now)) return std::nullopt;
  return agent->zone == directory_.find(asking)->zone ? 0 : FanOut::steps_between_zones;
}

void SmallSources::note_held(NodeId node, const std::vector<Digest>& digests) {
  for (const Digest& digest : digests) fan_out_.note_held(node, digest);
}

void SmallSources::remove(NodeId node) {
  fan_out_.remove(node);
}

void SmallSources::tick(Time now) {
  fan_out_.tick(now);
}

}  // namespace shoal::tracker::directory
