#include "tracker/api.hpp"

#include <nlohmann/json.hpp>

namespace shoal::tracker {
namespace {

using Json = nlohmann::ordered_json;

// What agents said may be any bytes.
std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json members_json(const Directory& directory, const Digest& digest) {
  const auto found = directory.swarms().find(digest);
  const RosterCounts counts = found == directory.swarms().end() ? RosterCounts{} : found->second.counts();
  return {{"joining", counts.joining}, {"ready", counts.ready}, {"complete", counts.complete}};
}

}  // namespace

std::string layers_json(const Coordinator& coordinator) {
  Json layers = Json::array();
  for (const SeededLayer& layer : coordinator.seeder().layers()) {
    layers.push_back({{"digest", layer.digest.text()},
                      {"size_bytes", layer.size.value},
                      {"generation", layer.generation},
                      {"state", layer.is_fetching ? "fetching" : "held"},
                      {"pieces", layer.pieces},
                      {"published_pieces", layer.published_pieces},
                      {"members", members_json(coordinator.directory(), layer.digest)}});
  }
  return dumped({{"layers", layers}});
}

std::string agents_json(const Coordinator& coordinator) {
  Json agents = Json::array();
  for (const auto& [id, agent] : coordinator.directory().agents()) {
    agents.push_back({{"node", agent.node},
                      {"zone", agent.zone},
                      {"address", agent.host.text()},
                      {"swarm_port", agent.swarm.port},
                      {"connected", !agent.dropped_at.has_value()},
                      {"held_layers", agent.held.size()}});
  }
  return dumped({{"agents", agents}});
}

}  // namespace shoal::tracker
