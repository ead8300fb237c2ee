// Core: the parts of a tracker that decide, side by side: registered agents (directory), seeded layers (seeder), tags
// (resolver), and the agents' messages between them (coordinator). It has no sockets, signals and threads of its own:
// tests and simulations run the same one.
//
// Threads: the loop.
#pragma once

#include "tracker/coordinator.hpp"
#include "tracker/metrics.hpp"
#include "tracker/noting_source.hpp"

namespace shoal::tracker {

class Core {
 public:
  struct Parts {
    Loop& loop;
    Clock& clock;
    Pool& pool;
    store::Store& store;
    swarm::Swarm& swarm;
    seeder::LayerSource& source;
    const seeder::Keys& keys;
    seeder::Pace& pace;
    Metrics& metrics;
    std::mt19937 random;
    seeder::Swarms swarms{};  // of the seeder: each has its layer's file open
    Probes::Connect connect{};  // to agents' ports; empty: they are not tried
  };
  // `parts` outlive it. The store asks it about evictions from now on.
  Core(const Parts& parts, Coordinator::Options options);

  // The port of the control listener, where the tracker itself serves small layers.
  void set_small_layer_port(std::uint16_t port) { small_sources_.set_tracker_port(port); }

  Coordinator& coordinator() { return coordinator_; }
  seeder::Seeder& seeder() { return seeder_; }
  const directory::Directory& directory() const { return directory_; }
  const KnownLayers& known() const { return origins_.known; }
  KnownLayers& known() { return origins_.known; }
  const directory::Reachability& reachability() const { return reachability_; }

 private:
  void connect(store::Store& store);
  Checks::Keep keeper();

  directory::Directory directory_;
  directory::Reachability reachability_;
  directory::Trust trust_;
  directory::SmallSources small_sources_;
  Probes probes_;
  seeder::Events events_;
  struct Origins {  // what is known of them, and how they are asked
    KnownLayers known;
    QuestionSlots slots;
    NotingSource source;  // of the seeder
  } origins_;
  seeder::Seeder seeder_;
  Resolver resolver_;
  Checks checks_;
  Coordinator coordinator_;
};

}  // namespace shoal::tracker
