// Admin: health, metrics and status, on a listener of its own.
//
// GET /healthz  200 while the loop turns.
// GET /readyz   200 once layers can be served: at once, with trackers configured after the first one was reached.
// GET /metrics  Prometheus text.
// GET /v1/status  JSON: node, version, trackers, store, pulls under way.
// Threads: the loop.
#pragma once

#include "agent/config.hpp"
#include "agent/pull/pulls.hpp"
#include "shared/http/server.hpp"
#include "shared/metrics/metrics.hpp"

namespace shoal::agent {

class Admin {
 public:
  Admin(const Options& options, pull::Parts parts, const pull::Pulls& pulls, const metrics::Page& page);
  Task<void> handle(http::Exchange& exchange);

 private:
  std::string status() const;
  bool ready();

  const Options& options_;
  pull::Parts parts_;
  const pull::Pulls& pulls_;
  const metrics::Page& page_;
  bool was_ready_ = false;
};

}  // namespace shoal::agent
