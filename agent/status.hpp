// Status: what GET /v1/status tells of a running agent, as JSON: node, version, trackers, store, pulls under way.
//
// Threads: the loop.
#pragma once

#include <string>

#include "agent/config.hpp"
#include "agent/pull/pulls.hpp"

namespace shoal::agent {

std::string status_text(const Options& options, const link::Trackers& trackers, const store::Store& store,
                        const pull::Pulls& pulls);

}  // namespace shoal::agent
