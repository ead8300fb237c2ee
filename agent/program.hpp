// Program: owns all parts of a running agent, by value, in dependency order; destruction is the shutdown.
//
// Threads: constructed, run and destroyed on the main thread, which is the loop.
#pragma once

#include <memory>
#include <optional>

#include "agent/admin.hpp"
#include "agent/config.hpp"
#include "agent/metrics.hpp"
#include "agent/small_layers.hpp"

namespace shoal::agent {

class Program {
 public:
  // Throws StartError for whatever keeps the agent from serving: an address taken, a store that is not writable.
  explicit Program(Options options);
  ~Program();
  void run();  // until SIGTERM or SIGINT; then the listener closes first and running bodies may end within 10 s

 private:
  class Hearing;
  control::Hello hello() const;
  Task<void> drain();

  Options options_;
  Loop loop_{1};
  SystemClock clock_;
  Metrics metrics_;
  metrics::Page page_;
  Pool pool_{2};
  Pool commits_{2};
  http::ServeThreads serve_threads_;
  store::Store store_;
  swarm::Carrier carrier_;
  origin::Origin origin_;
  std::unique_ptr<Hearing> hearing_;
  link::Trackers trackers_;
  std::uint64_t epoch_;
  std::optional<pull::Pulls> pulls_;
  std::optional<store::Scrub> scrub_;
  std::optional<registry::Endpoint> endpoint_;
  std::optional<SmallLayers> small_layers_;
  std::optional<Admin> admin_;
  std::optional<http::Server> small_server_;
  std::optional<http::Server> admin_server_;
  std::optional<http::Server> registry_server_;
};

}  // namespace shoal::agent
