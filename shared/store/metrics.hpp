// Metrics: what the scrub counts, and the rows of the store on the page; docs/metrics.md explains them.
//
// Threads: the loop.
#pragma once

#include "shared/metrics/metrics.hpp"
#include "shared/store/store.hpp"

namespace shoal::store {

struct ScrubMetrics {
  metrics::Counter checked_layers;
  metrics::Counter checked_bytes;
  metrics::Counter wrong_layers;
};

void add_to_page(metrics::Page& page, const Store& store, const ScrubMetrics& scrub);

}  // namespace shoal::store
