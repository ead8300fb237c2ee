// Sources: all that a download may come from: the cluster, and the registries of its askers. They are asked for one asker
// after the other; the registry of one that has waited without a first byte from others is asked beside them.
//
// Threads: the loop.
#pragma once

#include <random>

#include "agent/pull/cluster_source.hpp"
#include "agent/pull/origin_source.hpp"

namespace shoal::agent::pull {

struct SourceLimits {
  Milliseconds origin_spread{500};  // nodes ask the origin spread over so long; a caller hardly notices it
  Milliseconds unreachable_spread = control::timing::unreachable_spread;  // when each is told at once that the cluster cannot help
  // A caller of another registry waits so long for a first byte, or a further piece. Then its own registry is asked too.
  Milliseconds silence{1'000};
  ClusterLimits cluster;
  OriginLimits origin;
};

class Sources {
 public:
  Sources(Parts parts, Memberships& memberships, const SourceLimits& limits)
      : parts_(parts),
        limits_(limits),
        cluster_(parts, memberships, limits.cluster),
        origin_(parts, memberships, limits.origin) {}

  // Every piece is in the file. The error is that of the last asker, or of the layer itself: `corrupt`, `no_space`. The
  // questions of slow sources go on for a while after it.
  Task<Result<void>> fill(SharedDownload download);
  Task<Result<std::unique_ptr<PassThrough>>> pass_through(Ask ask, std::uint64_t from) {
    return origin_.pass_through(std::move(ask), from);
  }

 private:
  // Shared: between `fill` and the turns of the askers.
  struct Turns {
    PieceIndex held = 0;           // that were here at the last look
    Time moved_at{};               // a piece came
    bool is_filled = false;        // the source of one has finished
    std::optional<Error> last{};   // of an asker
    std::optional<Error> ended{};  // of the layer
  };
  using SharedTurns = std::shared_ptr<Turns>;

  bool begin_turns(const SharedDownload& download, const SharedTurns& turns);
  std::optional<Milliseconds> until_beside(const Download& download, const Turns& turns) const;
  Task<void> take_turn(SharedDownload download, SharedAsker asker, SharedTurns turns, bool is_beside);
  Task<Result<void>> fill_for(SharedDownload download, SharedAsker asker);
  Task<Result<void>> fall_back(SharedDownload download, SharedAsker asker, Error cause, bool had_tracker);
  void note_failure(Download& download, Asker& asker, Turns& turns, const Error& error);

  Parts parts_;
  SourceLimits limits_;
  ClusterSource cluster_;
  OriginSource origin_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace shoal::agent::pull
