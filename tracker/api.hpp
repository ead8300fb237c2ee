// Api: what GET /v1/layers and /v1/agents show, as JSON.
//
// Source of the library: nlohmann_json, in api.cpp only. Threads: the loop.
#pragma once

#include <string>

#include "tracker/coordinator.hpp"

namespace shoal::tracker {

// {"layers": [{digest, size_bytes, generation, state, pieces, published_pieces, members {joining, ready, complete}}]}
std::string layers_json(const Coordinator& coordinator);
// {"agents": [{node, zone, address, swarm_port, connected, held_layers}]}
std::string agents_json(const Coordinator& coordinator);

}  // namespace shoal::tracker
