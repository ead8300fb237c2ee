// OriginSource: fills a download from the origin, from its first missing byte. The last resort, and the only source of
// an agent without trackers. What there is no room for it passes through.
//
// Threads: the loop; pieces are hashed and written on the pool.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"
#include "agent/pull/passing.hpp"
#include "shared/control/timing.hpp"

namespace shoal::agent::pull {

struct OriginLimits {
  int tries = 3;            // a body that broke off after some bytes is continued by Range
  Milliseconds pause{200};  // before a further try, doubled each time
  std::size_t fetches = 8;  // at once; further ones wait, so that a cluster without tracker does not flood the origin
  // Longest such wait while the layer's size is unknown. A runtime that has its head is better off waiting than cut.
  Milliseconds turn = control::timing::origin_turn;
};

class OriginSource {
 public:
  OriginSource(Parts parts, OriginLimits limits);
  Task<Result<void>> fill(std::shared_ptr<Download> download);
  // The layer for one client, because there is no room for it. `unavailable` beyond `fetches` at once.
  Task<Result<std::unique_ptr<Passing>>> pass(Ask ask);

 private:
  Task<Result<void>> try_once(std::shared_ptr<Download> download);
  Task<Result<void>> copy(std::shared_ptr<Download> download, std::shared_ptr<origin::LayerStream> stream);

  Parts parts_;
  OriginLimits limits_;
  std::size_t running_ = 0;
  std::weak_ptr<void> slots_;  // shared by the layers that are being passed through
  Signal ended_;
};

}  // namespace shoal::agent::pull
