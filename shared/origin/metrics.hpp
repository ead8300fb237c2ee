// Metrics: what a program's requests to registries met. Its own page names them; docs/metrics.md explains them.
//
// Threads: written on the loop.
#pragma once

#include "shared/metrics/metrics.hpp"

namespace shoal::origin {

struct Metrics {
  metrics::Counter unreachable;       // requests that found their host unreachable
  metrics::Counter spared;            // requests that were not made, because the host had been found so
  metrics::Counter limited;           // answers 429 and 503
  metrics::Counter paced;             // requests that waited for their turn
  metrics::Counter files_unreadable;  // times that a file of the configuration could not be used
  metrics::Counter token_questions;      // to token endpoints, repeated ones too
  metrics::Counter refused_credentials;  // times that a configured credential was refused
  metrics::Counter refused_hosts;        // redirects and token servers that our rules refused
  metrics::Counter helpers_failed;    // runs of a credential helper that gave none
  metrics::Gauge waiting;             // requests that wait for their turn now
};

// Names on the page of a program; `metrics` outlive it.
void add_to_page(metrics::Page& page, const Metrics& metrics);

}  // namespace shoal::origin
