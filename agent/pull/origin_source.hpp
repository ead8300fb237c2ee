// OriginSource: fills a download from the origin, from its first missing byte. The last resort, and the only source of
// an agent without trackers. A layer without room it passes through.
//
// Threads: the loop; pieces are hashed and written on the pool.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"
#include "agent/pull/pass_through.hpp"
#include "shared/control/timing.hpp"
#include "shared/origin/resuming_stream.hpp"
#include "shared/store/filling.hpp"

namespace shoal::agent::pull {

struct OriginLimits {
  // A caller waits for one fetch, and may ask again: few retries. A tracker retries longer
  // (tracker/seeder/layer_fetch.hpp).
  origin::ResumeLimits resume{
      .open_time = Milliseconds(0),  // the caller receives the error of a silent origin, and its Retry-After
      .open_backoff = {},
      .bodies = 3,        // a connection may break by chance, twice too
      .empty_bodies = 1,  // an origin that sends nothing is as one that does not answer
      // A registry's frontend that restarts needs a moment.
      .body_backoff = {.first = Milliseconds(200), .growth = 2, .longest = Milliseconds(400)},
  };
  // At once, more than the few layers that a runtime pulls at once. Further ones wait: all nodes ask the same origin.
  std::size_t fetches = 8;
  // Longest such wait while the layer's size is unknown. A runtime that has its head waits longer than that.
  Milliseconds turn = control::timing::origin_turn;
};

class OriginSource {
 public:
  OriginSource(Parts parts, OriginLimits limits);
  Task<Result<void>> fill(SharedDownload download);
  // The layer from its byte `from` on, for one client, because there is no room for it. `unavailable` beyond `fetches` at
  // once.
  Task<Result<std::unique_ptr<PassThrough>>> pass_through(Ask ask, std::uint64_t from);

 private:
  Task<Result<void>> fetch(SharedDownload download);
  Result<void> accept(Download& download, const origin::ResumingStream& stream);
  Task<Result<void>> copy(SharedDownload download, origin::ResumingStream& stream, PieceIndex first);
  // Shared: with the pool's thread, which may outlive the coroutine at the end of the program.
  using SharedIntake = std::shared_ptr<store::PieceIntake>;
  Task<Result<void>> write(SharedDownload download, SharedIntake intake, Bytes bytes);
  Task<Result<void>> write_wanted(SharedDownload download, SharedIntake intake, Bytes bytes, std::uint64_t from);

  Parts parts_;
  OriginLimits limits_;
  std::size_t running_ = 0;
  Slots slots_;  // of layers that are being passed through
  Signal ended_;
};

}  // namespace shoal::agent::pull
