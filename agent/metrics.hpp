// All metrics of the agent, and their names on one page.
#pragma once

#include "agent/pull/parts.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/store/scrub.hpp"

namespace shoal::agent {

struct Metrics {
  pull::Metrics pull;
  swarm::Metrics swarm;
  store::ScrubMetrics scrub;
};

void describe(metrics::Page& page, const Metrics& metrics, const store::Store& store, const link::Trackers& trackers);

}  // namespace shoal::agent
