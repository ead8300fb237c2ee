// Metrics: the structs of the tracker's parts, and all their names on one page.
#pragma once

#include "shared/store/metrics.hpp"
#include "shared/swarm/swarm.hpp"
#include "tracker/coordinator.hpp"

namespace shoal::tracker {

struct Metrics {
  seeder::SeederMetrics seeder;
  ResolverMetrics resolver;
  CheckMetrics checks;
  CoordinatorMetrics coordinator;
  swarm::Metrics swarm;
  store::ScrubMetrics scrub;
  metrics::Counter admin_wrong_hosts;  // requests to the admin port with a Host that is not its own
};

// What the page refers to outlives it.
void add_to_page(metrics::Page& page, const Metrics& metrics, const store::Store& store);
void add_origins_to_page(metrics::Page& page, const origin::Metrics& origins);

}  // namespace shoal::tracker
