// Patience: how long a piece usually takes, with one peer and with all of them, and the rules that follow from it: for
// how long a peer may be silent, when a silent peer is asked again, which peers are slow and which quick.
//
// Pure; time is given. Threads: one owner.
#pragma once

#include <algorithm>

#include "shared/core/clock.hpp"
#include "shared/swarm/bans.hpp"

namespace shoal::swarm {

// What is known of one peer's reliability.
struct Reliability {
  Milliseconds usual{0};  // time from ask or push to delivery, smoothed; 0: not known
  Time heard{};           // bytes of a piece moved, or an acknowledgement came
  Time avoided_until{};   // it was silent for too long; a whole piece from it ends that
  int silences = 0;       // since its last whole piece
  int bad_pieces = 0;
  bool is_lagging = false;  // others delivered what it still owes, or it fell silent: here, or lately in another swarm

  bool may_be_asked(Time now) const { return bad_pieces < bad_pieces_for_ban && now >= avoided_until; }
};

class Patience {
 public:
  // A piece that a silent peer owes is given to another peer after this, well before the 5 s of silence after which an
  // agent gives the whole swarm up;
  static constexpr Milliseconds least{2000};
  static constexpr int usual_times = 4;  // or after that often the time a piece usually takes.
  // A slow peer takes that often what is usual, and this at least: one piece at a time, and no more patience for it.
  static constexpr int slow_times = 4;
  static constexpr Milliseconds slow_least{250};
  // A peer lags that owes a piece for so long which another has delivered meanwhile.
  static constexpr int lagging_times = 16;
  static constexpr Milliseconds lagging_least{400};
  // One that lagged in another swarm is asked after so long, and only while no other peer owes a piece.
  static constexpr Milliseconds lagging_start{300};
  // A peer that takes less for a piece notices when the kernel delays our small messages for the acknowledgement of an
  // earlier one, by 40 ms: a pair over loopback had 16 MB/s instead of 300. Where links are slower than that, one
  // packet for several messages is worth more: 12 nodes at 20 Mbit/s took 1.081 instead of 1.091 x size/rate.
  static constexpr Milliseconds quick{100};

  Milliseconds usual() const { return usual_; }  // over all peers; 0: not known
  Milliseconds with_anyone() const { return std::max(least, usual_ * usual_times); }
  Milliseconds with(const Reliability& peer) const;
  Milliseconds lagging() const { return std::max(lagging_least, usual_ * lagging_times); }
  bool is_slow(const Reliability& peer) const { return peer.usual > std::max(slow_least, usual_ * slow_times); }
  static bool is_quick(const Reliability& peer) { return peer.usual < quick; }  // or not known yet

  void note_delivery(Reliability& peer, Time since, Time now);  // how long a piece took
  static void note_whole_piece(Reliability& peer, Time now);
  void note_silence(Reliability& peer, Time now) const;

 private:
  Milliseconds usual_{0};
};

}  // namespace shoal::swarm
