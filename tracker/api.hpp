// Api: the answers to GET /v1/layers and /v1/agents, as JSON.
//
// Source of the library: nlohmann_json, in api.cpp only. Threads: the loop.
#pragma once

#include <string>

#include "tracker/directory/directory.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker {

// {"layers": [{digest, size_bytes, generation, state, pieces, published_pieces, members {joining, ready, complete}}]}
std::string layers_json(const seeder::Seeder& seeder, const directory::Directory& directory);
// {"agents": [{node, zone, address, swarm_port, connected, held_layers}]}
std::string agents_json(const directory::Directory& directory);

}  // namespace shoal::tracker
