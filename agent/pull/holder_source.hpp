// HolderSource: a small layer, in one HTTP request to a node that the tracker names (shared/holder/protocol.hpp).
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

class HolderSource {
 public:
  explicit HolderSource(Parts parts) : parts_(parts) {}
  // From the nodes that `joined` names, in this order, the tracker among them. The download has begun.
  Task<Result<void>> fill(SharedDownload download, link::TrackerLink* link, control::Joined joined);

 private:
  Parts parts_;
};

}  // namespace shoal::agent::pull
