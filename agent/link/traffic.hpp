// Traffic: when bytes of small layers came to this node last, from whomever. While they do, its link may be full, and the
// tracker's messages wait behind them. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <optional>

#include "shared/core/clock.hpp"

namespace shoal::agent::link {

class Traffic {
 public:
  // A node may wait for a while until the next node sends, whose layers fill the tracker's link meanwhile.
  static constexpr Milliseconds lately{2'000};

  void note(Time now) { last_ = now; }
  bool flows(Time now) const { return last_ && now - *last_ < lately; }

 private:
  std::optional<Time> last_;
};

}  // namespace shoal::agent::link
