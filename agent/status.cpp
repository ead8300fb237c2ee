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

}  // namespace

std::string status_text(const Options& options, const link::Trackers& trackers, const store::Store& store,
                        const pull::Pulls& pulls) {
  nlohmann::json json;
  json["node"] = options.node.name;
  json["zone"] = options.node.zone;
  json["version"] = SHOAL_VERSION;
  json["trackers"] = nlohmann::json::array();
  for (const auto& link : trackers.all()) json["trackers"].push_back({{"url", link->url()}, {"up", link->up()}});
  json["store"] = {{"layers", store.digests().size()},
                   {"used_bytes", store.used().value},
                   {"reserved_bytes", store.reserved().value},
                   {"capacity_bytes", store.capacity().value}};
  json["pulls"] = nlohmann::json::array();
  for (const auto& [digest, download] : pulls.running()) json["pulls"].push_back(row_of(digest, *download));
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace shoal::agent
