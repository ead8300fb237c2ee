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

std::string why_unreachable(const directory::Reachability& reachability, directory::NodeId node, Time now) {
  std::string why;
  for (const auto service : {control::Service::pieces, control::Service::small_layers}) {
    const std::string cause = reachability.cause(node, service, now);
    if (cause.empty()) continue;
    const char* what = service == control::Service::pieces ? "pieces: " : "small layers: ";
    why += (why.empty() ? "" : "; ") + (what + cause);
  }
  return why;
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

std::string agents_json(const directory::Directory& directory, const directory::Reachability& reachability, Time now) {
  Json agents = Json::array();
  for (const auto& [id, agent] : directory.agents()) {
    agents.push_back({{"node", agent.node},
                      {"zone", agent.zone},
                      {"address", agent.host.text()},
                      {"swarm_port", agent.swarm.port},
                      {"connected", agent.is_connected()},
                      {"held_layers", directory.held_layers().count(id)}});
    const std::string cause = why_unreachable(reachability, id, now);
    agents.back()["reachable"] = cause.empty();
    if (!cause.empty()) agents.back()["cause"] = cause;
  }
  return dumped({{"agents", agents}});
}

}  // namespace shoal::tracker
