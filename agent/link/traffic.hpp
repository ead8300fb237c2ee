// Traffic: when bytes of a slow small layer came to this node last, from whomever. Then links are full, this node's or the
// tracker's, and the tracker's messages wait behind layers. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <optional>

#include "shared/core/clock.hpp"

namespace shoal::agent::link {

class Traffic {
 public:
  static constexpr Milliseconds slow{500};  // since it was asked for: on an idle link it takes a few
  // A node may wait for a while until the next node sends, whose layers fill the tracker's link meanwhile.
  static constexpr Milliseconds lately{2'000};

  void note(Time now) { last_ = now; }
  bool flows(Time now) const { return last_ && now - *last_ < lately; }

 private:
  std::optional<Time> last_;
};

}  // namespace shoal::agent::link
