// SmallLayers: gives small layers and manifests to other agents, one HTTP round trip each: GET /v1/small/<digest>. Of
// one that is arriving the answer waits a moment: the tracker sends agents here that are to have it from us. Only to
// callers that show a proof of the swarm key.
//
// Threads: the loop.
#pragma once

#include "agent/link/trackers.hpp"
#include "agent/pull/pulls.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent {

class SmallLayers {
 public:
  SmallLayers(pull::Pulls& pulls, link::Trackers& trackers) : pulls_(pulls), trackers_(trackers) {}
  Task<void> handle(http::Exchange& exchange);

 private:
  bool allowed(const std::string& authorization, const Digest& digest) const;
  pull::Pulls& pulls_;
  link::Trackers& trackers_;
};

}  // namespace shoal::agent
