// Metrics: what the pull path counts. `agent/metrics.cpp` puts them on the page; docs/metrics.md explains them.
//
// Threads: written on the loop.
#pragma once

#include "shared/metrics/metrics.hpp"

namespace shoal::agent::pull {

struct HolderMetrics {  // of small layers
  metrics::Counter hedged_requests;  // to a further node while the first was silent
  metrics::Counter failed_requests;  // that a node did not answer, or answered wrong
};

struct ReachMetrics {
  metrics::Counter unreached_peers;     // that a tracker named, and that could not be dialled
  metrics::Counter unreached_seeders;   // pulls that went on without their seeder, since it could not be dialled
  metrics::Counter lagging_peers;       // that owed pieces which others delivered
  metrics::Counter seeder_only_layers;  // that came from the seeder alone, though peers were named
};

struct PartMetrics {  // parts of layers, read from the origin by Range for a client
  metrics::Counter bytes;
  metrics::Counter failed;  // that the origin did not give: their layer was fetched instead
};

struct Outcomes {
  metrics::SizedHistogram pull_time;  // of pulls that ended well
  metrics::Histogram tracker_wait;    // for the answer to a join
  metrics::Counter unknown_layers;    // that the origin does not have
  metrics::Counter refused_layers;    // to their caller, by the origin
  metrics::Counter corrupt_layers;    // attempts whose digest did not match
  metrics::Counter not_manifests;     // that a tag led to, where an origin sent something else
};

struct ByteMetrics {  // of layers, beside those of swarms
  metrics::Counter origin;   // read from the origin by this agent itself
  metrics::Counter holder;   // small layers from a holder
  metrics::Counter resumed;  // not received again: an earlier pull had left them
};

struct Metrics {
  metrics::Counter pulls;  // layers asked for that were not held
  metrics::Counter hits;   // layers asked for that were held
  metrics::Counter pulls_failed;
  metrics::Counter origin_fallbacks;
  metrics::Counter uncached_layers;  // pulled without room in the store
  ByteMetrics bytes;
  PartMetrics parts;
  HolderMetrics holders;
  ReachMetrics reach;
  Outcomes outcomes;
  metrics::Gauge swarms;  // layers that this node is fetching or serving in a swarm now
};

}  // namespace shoal::agent::pull
