// Pulls for readers of parts: from nodes that hold the layer, as far as such readers want it.
#include "agent/pull/possession.hpp"
#include "agent/pull/pulls.hpp"
#include "shared/core/check.hpp"

namespace shoal::agent::pull {

void Pulls::fetch_parts(const access::Granted& granted, Ask ask) {
  SHOAL_CHECK(granted.digest() == ask.digest);
  const bool is_here = running_.contains(ask.digest) || parts_.store.holds(ask.digest);
  if (is_here || running_.size() >= limits_.downloads || !parts_.trackers.any_up() || !stores_layers()) return;
  const Time now = parts_.clock.now();
  const SharedDownload download = start(Askers(std::move(ask), now), {.parts = std::make_shared<WantedParts>(now)});
  let_prove(parts_, granted, download, download->askers().filler());
}

}  // namespace shoal::agent::pull
