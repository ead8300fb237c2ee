// Trust: which nodes are banned because others had corrupt pieces from them, and which are not asked for whole layers
// any more because theirs were corrupt. Pure logic: time is given.
//
// Threads: the loop.
#pragma once

#include <deque>

#include "tracker/directory/blames.hpp"
#include "tracker/directory/reachability.hpp"

namespace shoal::tracker::directory {

class Trust {
 public:
  static constexpr std::size_t read_holders = 2;  // of a layer that the tracker lost; agents wait meanwhile
  static constexpr std::size_t most_distrusted = 1'024;  // bounds the memory for names that agents choose

  Trust(Directory& directory, const Reachability& reachability)
      : directory_(directory), reachability_(reachability) {}

  // An agent had a corrupt piece from `accused`. True: that node is banned from now on. The report of a banned agent,
  // and one about itself or about a node that is not registered, does not count.
  bool report(NodeId reporter, const Accused& accused, Time now);
  bool is_banned(NodeId node, Time now) const;
  std::vector<Accused> banned(Time now) const { return blames_.all_banned(now); }
  void tick(Time now);  // each second: bans end

  // This node sent a whole layer whose digest did not match.
  void distrust(const std::string& node);
  // Agents that the tracker may read a layer from which it does not have.
  std::deque<control::Endpoint> holders_to_read(const Digest& digest, Time now) const;

 private:
  Directory& directory_;
  const Reachability& reachability_;
  Blames blames_;
  std::set<std::string> distrusted_;  // node names
};

}  // namespace shoal::tracker::directory
