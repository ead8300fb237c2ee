#include "tracker/api.hpp"

#include <nlohmann/json.hpp>

namespace shoal::tracker {
namespace {

using Json = nlohmann::ordered_json;

// A zone's name, from an agent, may be any bytes.
std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json members_json(const directory::Directory& directory, const Digest& digest) {
  const directory::Roster* roster = directory.find_swarm(digest);
  const auto counts = roster != nullptr ? roster->counts() : directory::RosterCounts{};
  return {{"joining", counts.joining}, {"ready", counts.ready}, {"complete", counts.complete}};
}

}  // namespace

std::string layers_json(const seeder::Seeder& seeder, const directory::Directory& directory) {
  Json layers = Json::array();
  for (const seeder::SeededLayer& layer : seeder.layers()) {
    layers.push_back({{"digest", layer.digest.text()},
                      {"size_bytes", layer.size.value},
                      {"generation", layer.generation},
                      {"state", layer.is_fetching ? "fetching" : "held"},
                      {"pieces", layer.pieces},
                      {"published_pieces", layer.published_pieces},
                      {"members", members_json(directory, layer.digest)}});
  }
  return dumped({{"layers", layers}});
}

std::string agents_json(const directory::Directory& directory) {
  Json agents = Json::array();
  for (const auto& [id, agent] : directory.agents()) {
    agents.push_back({{"node", agent.node},
                      {"zone", agent.zone},
                      {"address", agent.host.text()},
                      {"swarm_port", agent.swarm.port},
                      {"connected", agent.is_connected()},
                      {"held_layers", directory.held_layers().count(id)}});
  }
  return dumped({{"agents", agents}});
}

}  // namespace shoal::tracker
