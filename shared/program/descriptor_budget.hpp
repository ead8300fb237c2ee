// DescriptorBudget: what the limit of descriptors (RLIMIT_NOFILE) leaves for each use, so that no use takes those of
// another: a file of the store must be opened and a connection accepted however many peers there are. libtorrent's
// thread turns without end once the process has none left.
//
// Threads: main, before there are others.
#pragma once

#include <cstddef>

namespace shoal::program {

struct DescriptorBudget {
  std::size_t limit = 0;
  std::size_t swarm_connections = 0;  // of all swarms together
  std::size_t swarms = 0;             // each has its layer's file open
  std::size_t clients = 0;            // connections to HTTP servers: of the agent's two, each half of it
};

// The parts and what is left for origins, holders and pulls are at most the limit together, from 64 on.
DescriptorBudget share_descriptors(std::size_t limit);

// Of this process. Warns when the limit is so low that rollouts are slowed down.
DescriptorBudget descriptor_budget();

}  // namespace shoal::program
