// Api: the answers to GET /v1/layers and /v1/agents, as JSON.
//
// Source of the library: nlohmann_json, in api.cpp only. Threads: the loop.
#pragma once

#include <string>

#include "tracker/directory/reachability.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker {

// {"layers": [{digest, size_bytes, generation, state, pieces, published_pieces, members {joining, ready, complete}}]}
std::string layers_json(const seeder::Seeder& seeder, const directory::Directory& directory);
// {"agents": [{node, zone, address, swarm_port, connected, held_layers, reachable, cause}]}; `cause` when it is not.
std::string agents_json(const directory::Directory& directory, const directory::Reachability& reachability, Time now);

}  // namespace shoal::tracker
