#include "tracker/seeder/refusals.hpp"

#include "shared/log/log.hpp"
#include "shared/origin/faults.hpp"

namespace shoal::tracker::seeder {
namespace {

control::Reason reason_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return control::Reason::not_found;
    case ErrorKind::refused:
      return control::Reason::denied;
    case ErrorKind::unavailable:
    case ErrorKind::corrupt:
    case ErrorKind::no_space:
      return control::Reason::unavailable;
  }
  return control::Reason::unavailable;
}

// Told at once, without a fetch: the agents then ask the registry themselves.
Refusal refusal_of_upstream(const Error& cause) {
  const bool is_unknown = cause.kind == ErrorKind::not_found;
  return {.reason = is_unknown ? control::Reason::upstream : reason_of(cause.kind),
          .what = of_tracker(cause.what),
          .of_tracker = true};
}

}  // namespace

// A layer that is not there is the caller's mistake, or its question: no failure of the origin.
Refusal refuse_fetch(SeederMetrics& metrics, const SeedRequest& request, const Error& cause) {
  const std::string digest = request.digest.text();
  if (cause.kind == ErrorKind::not_found) {
    metrics.unknown_layers.add();
    log::info("seeder", "layer not found", {{"digest", digest}, {"image", request.image()}, {"cause", cause.what}});
  } else if (!request.authorization.empty() && cause.answered) {  // the caller is told
    log::info("seeder", "layer refused to a caller", {{"digest", digest}, {"image", request.image()}, {"cause", cause.what}});
  } else {
    metrics.origin_failures.add();
    log::warning("seeder", "layer unavailable",
                 {{"digest", digest},
                  {"image", request.image()},
                  {"kind", text(cause.kind)},
                  {"cause", cause.what},
                  {"next", "look at the registry and its credential"}});
  }
  if (origin::lasts(cause)) return refusal_of_upstream(cause);
  return {reason_of(cause.kind), cause.what, cause.retry_after, false, cause.answered};
}

std::optional<Refusal> refuse_source(const Parts& parts, const RememberedRefusals& remembered, const SeedRequest& request) {
  const auto allowed = parts.source.may_ask(request.repository.upstream);  // shared/origin has told it
  if (!allowed && allowed.error().kind == ErrorKind::not_found) parts.metrics.unknown_registries.add();
  if (!allowed) return refusal_of_upstream(allowed.error());
  if (!origin::is_repository_name(request.repository.name))
    return Refusal{control::Reason::not_found, "not a repository's name"};
  const Refusal* const recent = remembered.find(request);
  if (recent == nullptr || !parts.find_holders(request.digest).empty()) return std::nullopt;
  return *recent;
}

}  // namespace shoal::tracker::seeder
