// SeederFixture: a seeder over a real store and pool, an origin in memory and a swarm that records.
#pragma once

#include <catch2/catch.hpp>

#include "tests/doubles/recording_swarm.hpp"
#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/tracker/memory_source.hpp"
#include "tracker/seeder/seeder.hpp"

namespace shoal::tracker::seeder {

inline constexpr ByteCount layer_size{3'000'000};  // 184 pieces of 16 KiB

// A seeder's events, sorted.
struct Told {
  void take(Events& events) {
    for (const Event& event : events.take()) std::visit([this](const auto& each) { add(each); }, event);
  }
  std::vector<LayerInfo> known_layers;
  std::vector<Generation> restarts;
  std::vector<LayerInfo> finished_layers;
  std::vector<Refusal> refusals;
  std::vector<std::string> refused_sources;
  std::vector<std::string> corrupt_holders;

 private:
  void add(const LayerKnown& event) { known_layers.push_back(event.layer); }
  void add(const LayerRestarted& event) { restarts.push_back(event.generation); }
  void add(const LayerFinished& event) { finished_layers.push_back(event.layer); }
  void add(const LayerRefused& event) { refusals.push_back(event.refusal); }
  void add(const SourceRefused& event) { refused_sources.push_back(event.request.image()); }
  void add(const HolderCorrupt& event) { corrupt_holders.push_back(event.holder.node); }
};

inline Generation first_generation() {
  return 0;
}

struct SeederFixture {
  explicit SeederFixture(ByteCount capacity = 64_MiB, std::size_t threads = 2, store::Faults* faults = nullptr,
                         store::MemoryLimits memory = {})
      : store({.path = disk.path(), .capacity = capacity, .faults = faults, .memory = memory}), pool(threads) {
    events.on_waiting([this] { told.take(events); });
  }

  SeedRequest request(const Digest& digest, origin::Kind kind = origin::Kind::blob) const {
    return {digest, kind, {"reg", "library/alpine"}};
  }
  // Runs the loop, and moves the clock 10 ms at a time, until `condition` holds; false after 10 s of real time.
  template <class Condition>
  bool until(Condition condition) {
    const Time give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < give_up) {
      loop.restart();
      loop.run_for(Milliseconds(1));
      clock.advance(Milliseconds(10));
    }
    return condition();
  }
  bool until_held(const Digest& digest) {
    return until([&] { return store.find(digest).has_value(); });
  }
  Bytes held_bytes(const Digest& digest) {
    const auto held = store.find(digest);
    REQUIRE(held);
    Bytes bytes(held->size().value);
    REQUIRE(held->file()->read_at(0, bytes));
    return bytes;
  }
  // Nothing more happens by itself.
  void settle() {
    until([n = 0]() mutable { return ++n > 20; });
  }
  RecordingSwarm::Joined& swarm_of(const Digest& digest, ByteCount size, Generation generation = 0) {
    return swarm.swarms.at(swarm_name(keys.swarm, digest, PieceLayout(size), generation));
  }

  TemporaryDirectory disk;
  Loop loop;
  ManualClock clock{loop};
  store::Store store;
  Pool pool;
  RecordingSwarm swarm{loop};
  MemorySource source{loop};
  Keys keys{{}, SigningKey::generate()};
  Pace pace{clock, {}};
  SeederMetrics metrics;
  Events events{loop};
  Told told;
  std::deque<control::Endpoint> holders;  // that serve any layer
  Parts parts(Generation (*new_generation)()) {
    const auto find_holders = [this](const Digest&) { return holders; };
    return {loop, clock, pool, store, swarm, source, keys, pace, metrics, events, find_holders, {.new_generation = new_generation}};
  }
  Seeder seeder{parts(first_generation)};
};

}  // namespace shoal::tracker::seeder
