// SmallLayers: serves layers to other nodes over the holder protocol (shared/holder/protocol.hpp). A small layer that is
// still arriving is served too: the tracker names this node before it has all bytes. Any held layer is served to a
// tracker that has lost its own copy; agents fetch large layers from the swarm.
//
// Threads: the loop.
#pragma once

#include "agent/link/trackers.hpp"
#include "agent/pull/pulls.hpp"
#include "shared/core/slots.hpp"
#include "shared/holder/limits.hpp"
#include "shared/holder/protocol.hpp"
#include "shared/holder/sends.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent {

class SmallLayers {
 public:
  SmallLayers(Clock& clock, pull::Pulls& pulls, link::Trackers& trackers)
      : clock_(clock), pulls_(pulls), trackers_(trackers) {}
  Task<void> handle(http::Exchange& exchange);

 private:
  std::vector<SwarmKey> keys() const;
  Task<void> serve_small(http::Exchange& exchange, holder::Question question);
  Task<void> serve_held(http::Exchange& exchange, holder::Question question);
  Clock& clock_;
  pull::Pulls& pulls_;
  link::Trackers& trackers_;
  Slots held_slots_{holder::limits.serving.held_at_once};
  holder::Sends sends_{holder::limits.serving.small_when_hedged};
};

}  // namespace shoal::agent
