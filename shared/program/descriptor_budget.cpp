#include "shared/program/descriptor_budget.hpp"

#include <algorithm>

#include "shared/core/descriptors.hpp"
#include "shared/log/log.hpp"

namespace shoal::program {
namespace {

// Standard ones, loops, listeners, the store's directory, the admin server's few connections. Seen: 24.
constexpr std::size_t always_open = 64;
// Wishes, which a limit of 65,536 meets. Swarms: the layers of 40 images at once, some KiB of memory each.
constexpr std::size_t most_swarm_connections = 8'000;
constexpr std::size_t most_swarms = 4'096;
// An agent took 1,200 for 300 layers with one neighbour; with 12 neighbours it is three times as many.
constexpr std::size_t enough = 4'096;

}  // namespace

// Eighths: three for the connections of swarms, one for their files, two for clients. Two are left for the connections
// to origins and holders, and the second file that each layer has while it is pulled.
DescriptorBudget share_descriptors(std::size_t limit) {
  const std::size_t eighth = limit > always_open ? (limit - always_open) / 8 : 0;
  const auto part = [](std::size_t share, std::size_t most) { return std::clamp<std::size_t>(share, 1, most); };
  return {.limit = limit,
          .swarm_connections = part(3 * eighth, most_swarm_connections),
          .swarms = part(eighth, most_swarms),
          .clients = std::max<std::size_t>(2 * eighth, 2)};
}

DescriptorBudget descriptor_budget() {
  const DescriptorBudget budget = share_descriptors(descriptor_limit());
  if (budget.limit < enough) {
    log::warning("program", "few file descriptors",
                 {{"limit", budget.limit},
                  {"swarm_connections", budget.swarm_connections},
                  {"swarms", budget.swarms},
                  {"clients", budget.clients},
                  {"cause", "RLIMIT_NOFILE is below 4096; set LimitNOFILE=65536 in the unit, or ulimit -n"},
                  {"next", "set LimitNOFILE=65536 in the unit, or ulimit -n"}});
  }
  return budget;
}

}  // namespace shoal::program
