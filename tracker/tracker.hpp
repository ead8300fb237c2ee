// Tracker: the whole program, its parts wired in dependency order; destruction order is the shutdown.
//
// Threads: the loop (all logic), the swarm's own, a pool for hashing and fsync, serve threads for sendfile.
#pragma once

#include "shared/program/admin_server.hpp"
#include "tracker/config.hpp"
#include "tracker/control_server.hpp"
#include "tracker/metrics.hpp"

namespace shoal::tracker {

class Tracker {
 public:
  // Throws StartError: a taken port, an unwritable store, a key that cannot be read.
  explicit Tracker(Config config);
  ~Tracker();

  // Serves until SIGTERM or SIGINT, then lets running answers end, for 5 s at most.
  void run();

 private:
  static constexpr Milliseconds drain_limit{5'000};
  Task<void> tick();
  Task<void> drain();

  Config config_;
  Loop loop_;
  SystemClock clock_;
  Metrics metrics_;
  store::Store store_;
  Keys keys_;
  Pool pool_;
  http::ServeThreads serve_threads_;
  origin::Origin origin_;
  OriginSource source_;
  Pace pace_;
  swarm::Carrier carrier_;
  Coordinator coordinator_;
  store::Scrub scrub_;
  program::AdminServer admin_;
  ControlServer control_;
  bool serving_ = false;
};

}  // namespace shoal::tracker
