// RecentLeaves: the layers whose swarms this agent left lately. A Leave may be lost with its connection, and a tracker
// keeps an agent that comes back soon in all its swarms: so each Leave is sent again on the next connection.
//
// Threads: the loop.
#pragma once

#include <unordered_map>
#include <vector>

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"

namespace shoal::agent::link {

class RecentLeaves {
 public:
  void add(const Digest& digest, Time now) {
    remove_old(now);
    left_.insert_or_assign(digest, now);
  }
  void remove(const Digest& digest) { left_.erase(digest); }  // the swarm was joined again
  std::vector<Digest> list(Time now) {
    remove_old(now);
    std::vector<Digest> digests;
    for (const auto& [digest, since] : left_) digests.push_back(digest);
    return digests;
  }

 private:
  void remove_old(Time now) {
    std::erase_if(left_, [now](const auto& entry) { return now - entry.second > control::timing::repeat_leaves; });
  }
  std::unordered_map<Digest, Time> left_;
};

}  // namespace shoal::agent::link
