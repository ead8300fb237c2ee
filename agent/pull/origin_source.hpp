// OriginSource: fills a download from the origin, from its first missing byte. The last resort, and the only source of
// an agent without trackers. A layer without room it passes through.
//
// Threads: the loop; pieces are hashed and written on the pool.
#pragma once

#include "agent/pull/memberships.hpp"
#include "agent/pull/parts.hpp"
#include "agent/pull/pass_through.hpp"
#include "agent/pull/registry_slots.hpp"
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
  // At once of one registry, more than the few layers that a runtime pulls at once. Further ones wait: all nodes ask the
  // same origin. Layers of a slow registry are in the way of no other.
  std::size_t fetches = 8;
  // Longest such wait while the layer's size is unknown. A runtime that has its head waits longer than that.
  Milliseconds turn = control::timing::origin_turn;
};

class OriginSource {
 public:
  OriginSource(Parts parts, Memberships& memberships, OriginLimits limits);
  // From the asker's registry. When another asker fills the download, it takes over from it, unless a piece is there
  // already; the error then says so (askers.hpp: overtaken). `refused` too when the registry's size is not the asker's.
  Task<Result<void>> fill(SharedDownload download, SharedAsker asker);
  // The layer from its byte `from` on, for one client, because there is no room for it. `unavailable` beyond `fetches` at
  // once.
  Task<Result<std::unique_ptr<PassThrough>>> pass_through(Ask ask, std::uint64_t from);

 private:
  Task<Result<void>> fetch(SharedDownload download, SharedAsker asker);
  Result<void> take_over(Download& download, const SharedAsker& asker);
  Result<void> accept(Download& download, const SharedAsker& asker, const origin::ResumingStream& stream);
  Task<Result<void>> copy(SharedDownload download, SharedAsker asker, origin::ResumingStream& stream, PieceIndex first);
  // Shared: with the pool's thread, which may outlive the coroutine at the end of the program.
  using SharedIntake = std::shared_ptr<store::PieceIntake>;
  Task<Result<void>> write(SharedDownload download, SharedIntake intake, Bytes bytes);
  Task<Result<void>> write_wanted(SharedDownload download, SharedIntake intake, Bytes bytes, std::uint64_t from);

  Parts parts_;
  Memberships& memberships_;
  OriginLimits limits_;
  std::map<std::string, std::size_t> running_;  // by registry
  RegistrySlots passing_;                       // likewise: of layers that are being passed through
  Signal ended_;
};

}  // namespace shoal::agent::pull
