#include "shared/program/readiness.hpp"

#include <nlohmann/json.hpp>

namespace shoal::program {
namespace {

using Json = nlohmann::ordered_json;

Json row_of(const Reason& reason) {
  Json row = {{"reason", reason.reason}};
  if (!reason.tracker.empty()) row["tracker"] = reason.tracker;
  if (reason.duration) row["for_seconds"] = reason.duration->count();
  return row;
}

}  // namespace

std::string text(const Readiness& readiness) {
  Json reasons = Json::array();
  if (readiness.phase == Phase::starting) reasons.push_back(row_of({.reason = "starting"}));
  if (readiness.phase == Phase::draining) reasons.push_back(row_of({.reason = "stopping"}));
  for (const Reason& reason : readiness.reasons) reasons.push_back(row_of(reason));
  const char* serving = readiness.reasons.empty() ? "ready" : "degraded";
  const Json json = {{"status", readiness.can_serve() ? serving : "unavailable"}, {"reasons", std::move(reasons)}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace shoal::program
