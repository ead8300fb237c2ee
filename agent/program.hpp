// Program: owns all parts of a running agent, by value. Each part uses only parts declared before it, so that the order
// of destruction is the shutdown; tasks that have not ended are destroyed before any part.
//
// Threads: constructed, run and destroyed on the main thread, which is the loop.
#pragma once

#include "agent/config.hpp"
#include "agent/metrics.hpp"
#include "agent/small_layers.hpp"
#include "shared/program/admin_server.hpp"

namespace shoal::agent {

class Program {
 public:
  // Throws StartError for whatever keeps the agent from serving: an address taken, a store that is not writable.
  explicit Program(Options options);
  ~Program();
  // Until SIGTERM or SIGINT; then the listener closes first and running bodies may end within 10 s. Throws StartError
  // when another program has taken the registry's address after the constructor.
  void run();

 private:
  // Beside the loop's.
  struct Workers {
    explicit Workers(const Clock& clock) : serve(clock) {}
    Pool pool{2};     // reads, hashes, writes: one long hash does not hold up all others
    Pool commits{2};  // waits for the disk, two layers at once: no client's bytes wait behind it
    http::ServeThreads serve;
  };
  // Everything that listens for HTTP, and what it answers with.
  struct Servers {
    explicit Servers(Program& program);
    activity::Activity activity;
    registry::Endpoint endpoint;
    SmallLayers small_layers;
    http::Server small;
    program::AdminServer admin;
    http::Server registry;  // closed until a first dial of each tracker has ended
    program::Phase phase = program::Phase::starting;
    std::string failure{};  // why the registry does not listen; empty: it does, or will
  };

  // What a layer passes on its way to a client.
  struct PullPath {
    explicit PullPath(Program& program);
    access::Access access;
    pull::Pulls pulls;
  };

  pull::Parts parts();
  http::Server::Parts server_parts() { return {loop_, clock_, workers_.serve}; }
  control::Hello hello(std::uint64_t epoch) const;
  Task<void> open();
  Task<void> drain();

  Options options_;
  ProgramLoop loop_;
  SystemClock clock_;
  Metrics metrics_;
  Workers workers_;
  store::Store store_;
  swarm::Carrier carrier_;
  origin::Origin origin_;
  link::Trackers trackers_;
  PullPath path_;
  store::Scrub scrub_;
  Servers servers_;
};

}  // namespace shoal::agent
