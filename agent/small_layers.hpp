// SmallLayers: gives small layers and manifests to other agents, one HTTP round trip each: GET /v1/small/<digest>. Of
// one that is arriving the answer waits a moment: the tracker sends agents here that are to have it from us.
//
// GET /v1/held/<digest>, with or without a Range, gives any layer that is held: to a tracker that has lost its own
// copy. A few at once; pieces in the swarm are what everybody else fetches. Both only to callers that show a proof of
// the swarm key. Threads: the loop.
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
  static constexpr std::size_t most_held_at_once = 4;
  bool allowed(const std::string& authorization, const Digest& digest) const;
  Task<void> give_small(http::Exchange& exchange, Digest digest);
  Task<void> give_held(http::Exchange& exchange, Digest digest);
  pull::Pulls& pulls_;
  link::Trackers& trackers_;
  std::size_t giving_held_ = 0;
};

}  // namespace shoal::agent
