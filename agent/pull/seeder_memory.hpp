// SeederMemory: how long pulls wait for a seeder that they cannot connect to, for each tracker: the first pull that meets
// it pays, the following ones hardly. A connection to the seeder clears it, of a pull or of a try while pulls do without.
//
// Threads: the loop.
#pragma once

#include "agent/pull/membership.hpp"
#include "agent/pull/parts.hpp"
#include "shared/core/failure_memory.hpp"

namespace shoal::agent::pull {

struct SeederLimits {
  Milliseconds first{600};  // without a byte and without a connection; a runtime hardly notices it
  // On links that are full a connection takes long; so did the tracker's answer to the join then. A lost SYN is repeated
  // after a second.
  int times_join = 6;
  Milliseconds again{50};         // once it is known; a swarm on a local network connects within that
  Milliseconds peers_again{200};  // the same, when other agents were named, which may have the layer
  int round_trips = 8;            // to the tracker, at least: four until the first piece, on a link that fills meanwhile
  Milliseconds alive{2'000};      // it has sent a piece in another swarm
  Milliseconds try_limit{1'000};  // for a connection that a try makes
};

enum class SeederVerdict {
  wait,
  first_failure,  // from now on it is known
  known,
};

class SeederMemory {
 public:
  SeederMemory(Parts parts, SeederLimits limits) : parts_(parts), limits_(limits) {}

  // Whether the pull goes on without the seeder; `join_took` is how long the tracker took to answer its join.
  SeederVerdict judge(const Membership& membership, Milliseconds join_took);
  // The swarm has filled the layer without the seeder: it is told of all the same when it had its time.
  void look_back(const Membership& membership, Time entered);
  // Whether a pull does without the seeder from the start. Its port is tried meanwhile, once a rest has passed.
  bool is_away(const link::TrackerLink& link);
  bool knows(const link::TrackerLink& link) const { return failed_.knows(&link, parts_.clock.now()); }

 private:
  Milliseconds limit(const Membership& membership, bool is_known, Milliseconds join_took) const;
  bool sends_elsewhere(const link::TrackerLink& link) const;
  void note_failure(const Membership& membership);
  void tell(const Membership& membership) const;
  static Task<void> try_again(SeederMemory* self, const link::TrackerLink* link, control::Endpoint seeder);

  Parts parts_;
  SeederLimits limits_;
  FailureMemory<const link::TrackerLink*> failed_;        // as many as trackers are configured
  std::map<const link::TrackerLink*, Time> sent_at_;  // the latest piece of that seeder
  // Of those that failed: where, and whether it is being tried.
  struct Away {
    control::Endpoint seeder;
    bool is_tried = false;
  };
  std::map<const link::TrackerLink*, Away> away_;
};

}  // namespace shoal::agent::pull
