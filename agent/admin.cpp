#include "agent/admin.hpp"

#include <nlohmann/json.hpp>

namespace shoal::agent {
namespace {

http::Response answer(unsigned status, std::string type, std::string body) {
  return {.status = status, .headers = {{"Content-Type", std::move(type)}}, .body = std::move(body), .length = {}};
}

}  // namespace

Admin::Admin(const Options& options, pull::Parts parts, const pull::Pulls& pulls, const metrics::Page& page)
    : options_(options), parts_(parts), pulls_(pulls), page_(page) {}

Task<void> Admin::handle(http::Exchange& exchange) {
  const std::string& path = exchange.request().path;
  http::Response response = answer(404, "text/plain", "GET /healthz, /readyz, /metrics or /v1/status\n");
  if (path == "/healthz") response = answer(200, "text/plain", "ok\n");
  if (path == "/readyz" && ready()) response = answer(200, "text/plain", "ready\n");
  if (path == "/readyz" && !ready()) response = answer(503, "text/plain", "no tracker was reached yet\n");
  if (path == "/metrics") response = answer(200, "text/plain; version=0.0.4", page_.text());
  if (path == "/v1/status") response = answer(200, "application/json", status());
  co_await exchange.respond(std::move(response));
}

bool Admin::ready() {
  return was_ready_ = was_ready_ || !parts_.trackers.configured() || parts_.trackers.any_up();
}

std::string Admin::status() const {
  nlohmann::json json;
  json["node"] = options_.node.name;
  json["zone"] = options_.node.zone;
  json["version"] = SHOAL_VERSION;
  json["trackers"] = nlohmann::json::array();
  for (const auto& link : parts_.trackers.all()) json["trackers"].push_back({{"url", link->url()}, {"up", link->up()}});
  json["store"] = {{"layers", parts_.store.digests().size()},
                   {"used_bytes", parts_.store.used().value},
                   {"reserved_bytes", parts_.store.reserved().value},
                   {"capacity_bytes", options_.store.capacity.value}};
  json["pulls"] = nlohmann::json::array();
  for (const auto& [digest, download] : pulls_.running()) {
    nlohmann::json row = {{"digest", digest.text()}, {"attempt", download->attempt()}};
    if (download->begun()) {
      row["size_bytes"] = download->partial().file()->layout().layer_size().value;
      row["pieces"] = download->partial().written().size();
      row["pieces_written"] = download->partial().written().held();
      row["contiguous_bytes"] = download->partial().contiguous_bytes();
    }
    json["pulls"].push_back(std::move(row));
  }
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace shoal::agent
