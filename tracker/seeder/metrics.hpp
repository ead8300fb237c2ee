// Metrics of the seeder: what it reads from origins and what it seeds.
#pragma once

#include "shared/metrics/metrics.hpp"

namespace shoal::tracker::seeder {

struct SeederMetrics {
  metrics::Counter origin_requests;  // layers asked for, resumptions included
  metrics::Counter origin_received_bytes;
  metrics::Counter agents_received_bytes;  // of layers that the store did not have and agents did
  metrics::Counter origin_failures;        // fetches that ended in a refusal
  metrics::Counter unknown_layers;         // that the origin does not have
  metrics::Counter corrupt_layers;         // the origin's bytes did not match the digest
  metrics::Counter unstored_layers;        // seeded from memory, without room in the store
  metrics::Counter unknown_registries;     // requests for layers of a registry that is not configured
  metrics::Gauge seeding_layers;
};

}  // namespace shoal::tracker::seeder
