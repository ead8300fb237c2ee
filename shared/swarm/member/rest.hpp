// Rest: since when a member has had nothing to do for its swarm: it has all pieces, and no peer has asked for one. What
// peers have says less: two that both have a piece do not tell each other.
//
// Threads: the swarm thread.
#pragma once

#include <optional>

#include "shared/core/clock.hpp"

namespace shoal::swarm {

class Rest {
 public:
  // The nodes of a rollout come within some seconds of each other; a later one has the holders asked to serve again.
  static constexpr Milliseconds after{25'000};

  void begin_anew(Time now) { since_ = now; }  // a peer has come, asks, or is named
  // True once the rest has lasted so long, and then each time after as long again.
  bool is_due(bool is_needed, Time now) {
    if (!is_needed && since_ && now - *since_ >= after) {
      since_ = now;
      return true;
    }
    if (is_needed || !since_) since_ = now;
    return false;
  }

 private:
  std::optional<Time> since_;
};

}  // namespace shoal::swarm
