// Tracker: the whole program; owns all parts by value. Each part uses only parts declared before it, so that the order of
// destruction is the shutdown; tasks that have not ended are destroyed before any part.
//
// Threads: constructed, run and destroyed on the main thread, which is the loop; the swarm has its own, a pool hashes
// and writes, serve threads send files.
#pragma once

#include "shared/program/admin_server.hpp"
#include "tracker/config.hpp"
#include "tracker/control_server.hpp"

namespace shoal::tracker {

class Tracker {
 public:
  // Throws StartError: a taken port, an unwritable store, a key that cannot be read.
  explicit Tracker(Config config);
  ~Tracker();

  void run();  // until SIGTERM or SIGINT; then the listener closes first, and running answers may end within 5 s

 private:
  struct Disk {
    store::Store store;
    seeder::Keys keys;
  };
  struct Threads {
    Pool pool;
    http::ServeThreads serve;
  };
  struct Origins {
    Origins(const Config& config, Clock& clock);
    origin::Origin origin;
    seeder::OriginSource source;
    seeder::Pace pace;
  };
  struct Servers {
    Servers(Tracker& tracker, const Config& config);
    program::AdminServer admin;
    ControlServer control;
  };
  void connect();
  Task<void> tick();
  Task<void> drain();

  Config config_;
  ProgramLoop loop_;
  SystemClock clock_;
  Metrics metrics_;
  Disk disk_;
  Threads threads_;
  Origins origins_;
  swarm::Carrier carrier_;
  Core core_;
  store::Scrub scrub_;
  Servers servers_;
  program::Phase phase_ = program::Phase::starting;
};

}  // namespace shoal::tracker
