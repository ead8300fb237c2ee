// OriginSource: fills a download from the origin, from its first missing byte. The last resort, and the only source of
// an agent without trackers. A layer without room it passes through.
//
// Threads: the loop; pieces are hashed and written on the pool.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"
#include "agent/pull/pass_through.hpp"
#include "shared/control/timing.hpp"

namespace shoal::agent::pull {

struct OriginLimits {
  int tries = 3;            // a body that broke off after some bytes is continued by Range
  Milliseconds pause{200};  // before a further try, doubled each time
  std::size_t fetches = 8;  // at once; further ones wait, so that a cluster without tracker does not flood the origin
  // Longest such wait while the layer's size is unknown. A runtime that has its head waits longer than that.
  Milliseconds turn = control::timing::origin_turn;
};

class OriginSource {
 public:
  OriginSource(Parts parts, OriginLimits limits);
  Task<Result<void>> fill(SharedDownload download);
  // The layer for one client, because there is no room for it. `unavailable` beyond `fetches` at once.
  Task<Result<std::unique_ptr<PassThrough>>> pass_through(Ask ask);

 private:
  Task<Result<void>> try_once(SharedDownload download);
  Task<Result<void>> copy(SharedDownload download, std::shared_ptr<origin::LayerStream> stream);

  Parts parts_;
  OriginLimits limits_;
  std::size_t running_ = 0;
  Slots slots_;  // of layers that are being passed through
  Signal ended_;
};

}  // namespace shoal::agent::pull
