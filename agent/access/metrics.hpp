// Metrics: what the check counts. `agent/metrics.cpp` puts them on the page; docs/metrics.md explains them.
//
// Threads: written on the loop.
#pragma once

#include "shared/metrics/metrics.hpp"

namespace shoal::agent::access {

struct Metrics {
  // Checks by their result.
  metrics::Counter by_mode;      // granted: the upstream is open to all who reach the port
  metrics::Counter by_grant;     // granted, by what the origin said before
  metrics::Counter by_answer;    // granted, by an answer to this question
  metrics::Counter by_grace;     // granted, by an ended grant while the origin is down
  metrics::Counter refused;      // by the origin
  metrics::Counter closed;       // not granted: the origin could not be asked
  // Questions that this node put.
  metrics::Counter origin_questions;
  metrics::Counter tracker_questions;
  metrics::Counter proofs;  // whether a registry has what came from another one
};

}  // namespace shoal::agent::access
