// Parts: what the pull path works with. The program owns them; they outlive it.
//
// Threads: the loop.
#pragma once

#include "agent/access/access.hpp"
#include "agent/link/trackers.hpp"
#include "agent/pull/metrics.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/pool.hpp"
#include "shared/origin/origin.hpp"
#include "shared/store/store.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::agent::pull {

// http::try_port, unless a test has ports of its own: a TCP connection, closed at once. The host is an IP address.
using TryPort = std::function<Task<Result<void>>(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit)>;

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
  access::Access& access;
  TryPort try_port{};  // empty: no port is tried
};

}  // namespace shoal::agent::pull
