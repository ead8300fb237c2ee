// ClusterSource: fills a download from the cluster. The tracker of the layer names a swarm, or for a small layer the
// nodes that send it whole.
//
// Threads: the loop.
#pragma once

#include "agent/pull/holder_source.hpp"
#include "agent/pull/memberships.hpp"
#include "agent/pull/seeder_memory.hpp"

namespace shoal::agent::pull {

struct ClusterLimits {
  Milliseconds join = control::timing::join_answer;
  // One after the other, 5 s each at most, so that the origin is asked within origin_wait. A tracker that came back
  // without its memory counts anew.
  std::size_t trackers_asked = 3;
  // Between two reports to the tracker: each second of 48 agents cost it 0.3 % of its uplink, for acknowledgements.
  Milliseconds progress{3'000};
  PatienceLimits patience;
  SeederLimits seeder;
};

class ClusterSource {
 public:
  ClusterSource(Parts parts, Memberships& memberships, ClusterLimits limits)
      : parts_(parts), memberships_(memberships), holders_(parts), seeders_(parts, limits.seeder), limits_(limits) {}

  // From the swarm of its tracker, or of the next one when that goes. `corrupt` when the tracker restarts the swarm:
  // the next attempt joins its new generation. The membership stays when the download is filled: the node then serves
  // the layer to the swarm. The source that the tracker asks is that of the asker.
  Task<Result<void>> fill(SharedDownload download, SharedAsker asker);

 private:
  struct From {  // a tracker's answer, and whose join it answers
    SharedAsker asker;
    link::TrackerLink* link;
    control::Joined joined;
    Milliseconds took{};
  };
  Task<Result<void>> fill_from(SharedDownload download, SharedAsker asker, link::TrackerLink* link);
  Task<Result<void>> fill_joined(SharedDownload download, From from);
  Result<void> agree(Download& download, const Ask& ask, const control::Joined& joined);
  Task<Result<void>> fill_from_swarm(SharedDownload download, link::TrackerLink* link, control::Joined joined,
                                     Milliseconds join_took);
  control::Want want_of(const Download& download, const link::TrackerLink& link);
  Result<void> join_swarm(Download& download, const Result<void>& resumed);
  Result<void> follow_parts(Download& download, const Membership& membership);
  Task<Result<void>> watch(SharedDownload download, Milliseconds join_took);
  void tell_seeder_alone(const Download& download, const Reach& reach) const;
  LinkState state_of(const link::TrackerLink& link) const;

  Parts parts_;
  Memberships& memberships_;
  HolderSource holders_;
  SeederMemory seeders_;
  ClusterLimits limits_;
};

}  // namespace shoal::agent::pull
