// SmallLayers: gives small held layers and manifests to other agents, one HTTP round trip each: GET /v1/small/<digest>.
// Only to callers that show a proof of the swarm key.
//
// Threads: the loop.
#pragma once

#include "agent/link/trackers.hpp"
#include "shared/http/server.hpp"
#include "shared/store/store.hpp"

namespace shoal::agent {

class SmallLayers {
 public:
  SmallLayers(store::Store& store, link::Trackers& trackers) : store_(store), trackers_(trackers) {}
  Task<void> handle(http::Exchange& exchange);

 private:
  bool allowed(const std::string& authorization, const Digest& digest) const;
  store::Store& store_;
  link::Trackers& trackers_;
};

}  // namespace shoal::agent
