// Metrics: the structs of the agent's parts, and all their names on one page.
//
// Threads: the loop.
#pragma once

#include "agent/pull/parts.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/store/metrics.hpp"

namespace shoal::agent {

struct Metrics {
  pull::Metrics pull;
  swarm::Metrics swarm;
  store::ScrubMetrics scrub;
};

// What is added must outlive the page.
void add_to_page(metrics::Page& page, const Metrics& metrics, const store::Store& store,
                 const link::Trackers& trackers);

}  // namespace shoal::agent
