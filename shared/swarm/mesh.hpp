// The number up to which all members of a swarm are connected to each other: the tracker connects agents by it, a
// seeder allows more pushes above it.
#pragma once

#include <cstddef>

namespace shoal::swarm {

// Each member of the largest full mesh has 12 neighbours. A larger swarm is a graph with 12 neighbours each: measured,
// it ends as soon as a full mesh, which above 16 members costs more in offers than it gains.
inline constexpr std::size_t full_mesh_members = 13;

}  // namespace shoal::swarm
