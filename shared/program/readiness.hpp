// Readiness: whether a program can serve, and what is amiss while it does. GET /readyz tells it as JSON:
//
//   {"status": "ready" | "degraded" | "unavailable", "reasons": [{"reason", "tracker", "for_seconds"}]}
//
// "unavailable" means that nothing can be served; a tracker that is away makes an agent degraded.
// Source of the library: nlohmann_json, in readiness.cpp only. Threads: the loop.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace shoal::program {

enum class Phase { starting, serving, draining };

struct Reason {
  std::string reason;                              // a constant text
  std::string tracker{};                           // its URL, when the reason concerns one
  std::optional<std::chrono::seconds> duration{};  // it has been so for so long
};

struct Readiness {
  Phase phase = Phase::starting;
  std::vector<Reason> reasons{};  // of a program that serves all the same

  bool can_serve() const { return phase == Phase::serving; }
};

std::string text(const Readiness& readiness);

}  // namespace shoal::program
