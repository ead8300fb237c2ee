// HolderSource: a small layer, by HTTP from one of the nodes that the tracker names (shared/holder/protocol.hpp).
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/holder_race.hpp"

namespace shoal::agent::pull {

class HolderSource {
 public:
  explicit HolderSource(Parts parts) : parts_(parts) {}
  // From the nodes that `joined` names, in this order but for those that failed lately, the tracker among them. The
  // download has begun. The source outlives the requests that lost, which end by themselves.
  Task<Result<void>> fill(SharedDownload download, link::TrackerLink* link, control::Joined joined);

 private:
  std::vector<HolderCandidate> candidates(const link::TrackerLink& link, const control::Joined& joined) const;

  Parts parts_;
  HolderMemory memory_;
};

}  // namespace shoal::agent::pull
