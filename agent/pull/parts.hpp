// Parts: what the pull path works with. The program owns them; they outlive it.
//
// Threads: the loop.
#pragma once

#include "agent/link/trackers.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/origin/origin.hpp"
#include "shared/store/store.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::agent::pull {

struct Metrics {
  metrics::Counter pulls;  // layers asked for that were not held
  metrics::Counter hits;   // layers asked for that were held
  metrics::Counter pulls_failed;
  metrics::Counter layers_corrupt;  // whole layers whose digest did not match
  metrics::Counter origin_bytes;    // read from the origin by this agent itself
  metrics::Counter holder_bytes;    // small layers from a holder
  metrics::Counter origin_fallbacks;
  metrics::Counter resumed_bytes;    // not received again: an earlier pull had left them
  metrics::Counter uncached_layers;  // pulled without room in the store
  metrics::Gauge swarms;             // layers that this node is fetching or serving in a swarm now
};

struct Parts {
  Loop& loop;
  Clock& clock;
  Pool& pool;     // reads, hashes, writes
  Pool& commits;  // waits for fsync: no reads wait behind it
  store::Store& store;
  swarm::Swarm& swarm;
  origin::Origin& origin;
  link::Trackers& trackers;
  Metrics& metrics;
};

}  // namespace shoal::agent::pull
