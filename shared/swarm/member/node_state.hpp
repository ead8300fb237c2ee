// NodeState: what all swarms of one node have in common.
//
// Threads: the swarm thread.
#pragma once

#include <functional>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/failure_memory.hpp"
#include "shared/swarm/bans.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::swarm {

struct NodeState {
  std::string node;  // our name
  std::string zone;
  Metrics& metrics;
  Bans bans{};
  FailureMemory<Identity> lagging{};  // peers, of all swarms
  Bytes frame{};  // scratch for pieces on their way out
  // Queued to all peers, as last seen. Above the limit only a peer that has read everything is sent a piece that it
  // asked for; a peer that does not read is cut before long (outbox.hpp).
  std::size_t unsent_bytes = 0;
  std::size_t most_unsent_bytes = 256 << 20;
  // Runs `work` on the worker thread, then `done` on the swarm thread. Without it Member does all work itself.
  std::function<void(std::function<void()> work, std::function<void(Time now)> done)> run_on_worker{};
};

}  // namespace shoal::swarm
