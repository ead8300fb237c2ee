// Patience: how long a pull waits for its swarm, from what was heard of the swarm and of its tracker. Pure.
//
// Threads: the loop.
#pragma once

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"

namespace shoal::agent::pull {

struct PatienceLimits {
  Milliseconds silence = control::timing::swarm_silence;
  Milliseconds silence_alone{2'000};  // without a byte while only another tracker is up: the pull can go there at once
  // Without a byte and without any tracker: a tracker that is started again is back by then, and the origin is spared
  // all the nodes. They give up spread over a time, so that they do not ask the origin together.
  Milliseconds return_of_tracker = control::timing::return_of_tracker;
  Milliseconds return_spread{4'000};  // 1,000 nodes: one in 4 ms
  Milliseconds origin_wait = control::timing::origin_wait;  // while the tracker waits for the origin
  Milliseconds paced_head = control::timing::paced_head;    // while the origin limits the tracker's requests
  Milliseconds paced_body = control::timing::paced_body;
  Milliseconds trickle{15'000};  // bytes of pieces count for so long without a whole piece: 1 MiB at 70 KB/s
};

enum class LinkState {
  up,        // the swarm's own tracker
  other_up,  // only another one
  none_up,
};

class Patience {
 public:
  // `spread` is this pull's part of return_spread.
  Patience(const PatienceLimits& limits, Milliseconds spread, Time now)
      : limits_(limits), spread_(spread), last_bytes_(now), last_piece_(now) {}

  void note_piece(Time now) { last_bytes_ = last_piece_ = now; }  // new and right; or the swarm begins
  void note_bytes(Time now) { extend(now, limits_.trickle); }     // of a piece
  // The tracker waits for the origin, or has just come back: it gets as much time as at first, unless that happens
  // again and again.
  void note_waiting(Time now, bool is_paced = false) {
    extend(now, is_paced ? limits_.paced_body : limits_.origin_wait);
  }

  bool expired(Time now, LinkState state) const { return now - last_bytes_ > limit(state); }
  Time last_active() const { return last_bytes_; }

 private:
  // A piece must have come within `longest`: a runtime does not wait longer.
  void extend(Time now, Milliseconds longest) {
    if (now - last_piece_ < longest) last_bytes_ = now;
  }
  Milliseconds limit(LinkState state) const {
    if (state == LinkState::up) return limits_.silence;
    if (state == LinkState::other_up) return limits_.silence_alone;
    return limits_.return_of_tracker + spread_;
  }

  PatienceLimits limits_;
  Milliseconds spread_;
  Time last_bytes_;
  Time last_piece_;
};

}  // namespace shoal::agent::pull
