// SmallSources: where an agent fetches a small layer, which has no swarm: the node with the least to do, the tracker,
// then further holders. Pure logic: time is given.
//
// Threads: the loop.
#pragma once

#include "tracker/directory/fan_out.hpp"
#include "tracker/directory/reachability.hpp"

namespace shoal::tracker::directory {

class SmallSources {
 public:
  // Named in one answer beside the first source and the tracker. A silent one costs 2 s, so few are named. An agent
  // that none of these serves joins again.
  static constexpr std::size_t named_holders = 3;

  SmallSources(Directory& directory, const Reachability& reachability, std::mt19937 random)
      : directory_(directory), reachability_(reachability), random_(random) {}

  // Where the tracker itself serves small layers. Agents take the host from their control connection.
  void set_tracker_port(std::uint16_t port) { tracker_.port = port; }

  // In the order in which the agent is to ask them.
  std::vector<control::Endpoint> sources_for(const Digest& digest, NodeId asking, Time now);
  void note_held(NodeId node, const std::vector<Digest>& digests);  // it need not fetch them any more
  void remove(NodeId node);
  void tick(Time now);  // each second

 private:
  std::optional<std::size_t> distance_between(NodeId asking, NodeId other, Time now) const;  // as FanOut::Distance

  Directory& directory_;
  const Reachability& reachability_;
  std::mt19937 random_;
  FanOut fan_out_;
  control::Endpoint tracker_{"", 0, control::seeder_node, false};
};

}  // namespace shoal::tracker::directory
