// Status: what GET /v1/status and /readyz tell of a running agent: node, version, trackers, store, pulls under way.
//
// Threads: the loop.
#pragma once

#include <string>

#include "agent/config.hpp"
#include "agent/pull/pulls.hpp"
#include "shared/program/readiness.hpp"

namespace shoal::agent {

std::string status_text(const Options& options, const pull::Parts& parts, const pull::Pulls& pulls);

// An agent serves without trackers and without a store too: layers then come from the origin.
program::Readiness readiness(program::Phase phase, const pull::Parts& parts, const pull::Pulls& pulls);

}  // namespace shoal::agent
