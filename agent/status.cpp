#include "agent/status.hpp"

#include <nlohmann/json.hpp>

namespace shoal::agent {
namespace {

nlohmann::json row_of(const Digest& digest, const pull::Download& download) {
  nlohmann::json row = {{"digest", digest.text()}, {"attempt", download.attempt().number}};
  if (download.begun()) {
    row["size_bytes"] = download.layout().layer_size().value;
    row["pieces"] = download.arrival().written().size();
    row["pieces_written"] = download.arrival().written().held();
    row["contiguous_bytes"] = download.arrival().partial().contiguous_bytes();
  }
  return row;
}

std::chrono::seconds seconds_since(Time since, Time now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - since);
}

nlohmann::json row_of(const link::TrackerLink& link, Time now) {
  const link::Health& health = link.health();
  return {{"url", link.url()},
          {"state", text(health.state())},
          {"for_seconds", seconds_since(health.since(), now).count()},
          {"failed_dials", health.failed_dials()},
          {"last_cause", health.cause()}};
}

}  // namespace

std::string status_text(const Options& options, const pull::Parts& parts, const pull::Pulls& pulls) {
  const store::Store& store = parts.store;
  nlohmann::json json;
  json["node"] = options.node.name;
  json["zone"] = options.node.zone;
  json["version"] = SHOAL_VERSION;
  json["trackers"] = nlohmann::json::array();
  for (const auto& link : parts.trackers.all()) json["trackers"].push_back(row_of(*link, parts.clock.now()));
  json["store"] = {{"layers", store.digests().size()},
                   {"used_bytes", store.used().value},
                   {"reserved_bytes", store.reserved().value},
                   {"capacity_bytes", store.capacity().value}};
  json["pulls"] = nlohmann::json::array();
  for (const auto& [digest, download] : pulls.running()) json["pulls"].push_back(row_of(digest, *download));
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

program::Readiness readiness(program::Phase phase, const pull::Parts& parts, const pull::Pulls& pulls) {
  program::Readiness readiness{.phase = phase};
  const Time now = parts.clock.now();
  for (const auto& link : parts.trackers.all()) {
    if (link->up()) continue;
    const bool is_silent = link->health().state() == link::LinkHealth::suspected;
    readiness.reasons.push_back({is_silent ? "tracker silent" : "tracker not connected", link->url(),
                                 seconds_since(link->health().since(), now)});
  }
  if (!pulls.stores_layers()) readiness.reasons.push_back({"layers are not stored: the disk failed or is full"});
  return readiness;
}

}  // namespace shoal::agent
