// Metrics: the structs of the agent's parts, and all their names on one page.
//
// Threads: the loop.
#pragma once

#include "agent/pull/parts.hpp"
#include "agent/registry/metrics.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/store/metrics.hpp"

namespace shoal::agent {

struct Metrics {
  pull::Metrics pull;
  registry::Metrics registry;
  swarm::Metrics swarm;
  store::ScrubMetrics scrub;
  metrics::Counter admin_wrong_hosts;  // requests to the admin port with a Host that is not its own
};

// What is added must outlive the page.
void add_to_page(metrics::Page& page, const Metrics& metrics, const store::Store& store,
                 const link::Trackers& trackers);

}  // namespace shoal::agent
