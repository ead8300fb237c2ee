// PullingNode: the pull path over a real store, with an origin and a swarm in memory and a clock that is set.
#pragma once

#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/recording_swarm.hpp"
#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/agent/reading.hpp"
#include "tests/unit/agent/scripted_origin.hpp"

namespace shoal::agent {

class PullingNode {
 public:
  struct Room {
    ByteCount capacity = 50_MiB;
    store::MemoryLimits memory{};
    std::string access = origin::access_node;  // most tests are about bytes, and not about who may have them
  };
  explicit PullingNode(const pull::Limits& limits = {}, const std::vector<std::string>& tracker_urls = {},
                       const link::Dial& dial = http::connect_websocket, const Room& room = {50_MiB, {}, origin::access_node})
      : store({.path = directory.path(), .capacity = room.capacity, .faults = &disk, .memory = room.memory}),
        trackers(
            loop, clock, tracker_urls, [] { return control::Hello{}; }, dial),
        access({loop, clock, origin, trackers}, {.mode = room.access}),
        pulls(parts, limits) {}

  // Everything that can happen now.
  void settle() {
    loop.restart();
    loop.poll();
  }
  // Everything that happens until then, short real waits included.
  template <class Done>
  void run_until(Done done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < give_up) {
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(20));
    }
    REQUIRE(done());
  }
  void read(const Digest& digest, std::optional<ByteCount> size_hint, Reading& reading) {
    pull::Ask ask{.digest = digest,
                  .kind = origin::Kind::blob,
                  .repository = {"reg", "lib/app"},
                  .size_hint = size_hint,
                  .authorization = {}};
    spawn(loop, read_all(pulls, std::move(ask), reading));
    settle();
  }

  Task<Result<void>> try_port(std::uint16_t port) {
    tried_ports.push_back(port);
    Result<void> answered;
    if (!ports_answer) answered = fail(ErrorKind::unavailable, "no answer");
    co_return answered;
  }

  TemporaryDirectory directory;
  FailingOperation disk;
  store::Store store;  // outlives what the loop still has
  Loop loop;
  ManualClock clock{loop};
  Pool pool{0};
  RecordingSwarm swarm{loop};
  ScriptedOrigin origin{loop, clock};
  pull::Metrics metrics;
  link::Trackers trackers;
  access::Access access;
  std::vector<std::uint16_t> tried_ports;
  bool ports_answer = false;
  pull::Parts parts{loop, clock, pool, pool, store, swarm, origin, trackers, metrics, access,
                    [this](Clock&, std::string, std::uint16_t port, Milliseconds) { return try_port(port); }};
  pull::Pulls pulls;
};

}  // namespace shoal::agent
