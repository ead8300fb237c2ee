// Random trackers: agents that come, join, leave, vanish and send nonsense, an origin and a disk that fail. In each of
// them every agent is answered, no layer is read twice at once, no wrong bytes are kept and nothing is left
// behind. A seed for which that does not hold is named, and SHOAL_SEED=N runs it alone; SHOAL_SEEDS=N runs so many.
#include "tests/doubles/failing_operation.hpp"
#include "tests/unit/tracker/seeder_fixture.hpp"
#include "tests/unit/tracker/simulated_agent.hpp"
#include "tracker/core.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

constexpr Milliseconds step{50};
constexpr Milliseconds a_while{60'000};         // in which they do what they like
constexpr Milliseconds longest_silence{3'000};  // agents that wait are told so each second

struct Cluster {
  explicit Cluster(int seed)
      : lots(seed),
        is_calm(lots.in(3)),
        f(is_calm || lots.in(2) ? 64_MiB : 1_MiB, 0, &disk),
        core({f.loop, f.clock, f.pool, f.store, f.swarm, f.source, f.keys, f.pace, metrics,
              std::mt19937(static_cast<std::uint32_t>(seed))},
             {.seeder = {"", 7082, "tracker", true}, .epoch = 5}) {
    const int count = lots.between(2, 5);
    for (int layer = 0; layer < count; ++layer) {
      const int bytes = lots.in(2) ? lots.between(1, 200'000) : lots.between(300'000, 700'000);
      layers.push_back(f.source.add(numbered_bytes(static_cast<std::size_t>(bytes), seed * 10 + layer)));
    }
    if (!is_calm) layers.push_back(digest_of(DigestAlgorithm::sha256, bytes_of("that the origin does not have")));
    const int nodes = lots.between(1, 8);
    for (int node = 1; node <= nodes; ++node) agents.emplace_back(core.coordinator(), lots, node);
  }

  void go_on(Milliseconds time) {
    f.loop.restart();
    f.loop.poll();
    f.clock.advance(time);
    if (f.clock.now() < ticked + Milliseconds(1'000)) return;
    ticked = f.clock.now();
    core.coordinator().tick();
  }

  void break_something() {
    const int error_number = lots.in(2) ? EIO : ENOSPC;
    switch (lots.between(1, 6)) {
      case 1:
        f.source.next_answers({{.error = Error{ErrorKind::unavailable, "503"}}});
        break;
      case 2:
        f.source.next_answers({{.cut_after = static_cast<std::uint64_t>(lots.between(0, 300'000))}});
        break;
      case 3:
        f.source.next_answers({{.bytes = numbered_bytes(400'000, 99)}});
        break;
      case 4:
        disk.fail(lots.between(1, 30), error_number);
        break;
      default:
        f.source.allow(static_cast<std::uint64_t>(lots.between(0, 500'000)));
        stalled_until = f.clock.now() + Milliseconds(lots.between(0, 8'000));
    }
  }

  void live() {
    const Time end = f.clock.now() + a_while;
    while (f.clock.now() < end) {
      go_on(step);
      if (!is_calm && lots.in(40)) break_something();
      if (f.clock.now() >= stalled_until) f.source.allow(std::numeric_limits<std::uint64_t>::max());
      for (SimulatedAgent& agent : agents) agent.live(f.clock.now(), layers);
    }
  }

  // All agents leave, and the tracker has time to notice.
  void end() {
    disk.stop();
    f.source.allow(std::numeric_limits<std::uint64_t>::max());
    for (SimulatedAgent& agent : agents) agent.leave(f.clock.now());
    const Time end = f.clock.now() + seeder::Seeder::leave_after + a_while;
    while (f.clock.now() < end) go_on(Milliseconds(500));
  }

  Lots lots;
  bool is_calm;  // nothing fails but the agents
  FailingOperation disk;
  seeder::SeederFixture f;
  Metrics metrics;
  Core core;
  std::vector<Digest> layers;
  std::deque<SimulatedAgent> agents;
  Time ticked{};
  Time stalled_until{};
};

void play(int seed) {
  Cluster cluster(seed);
  INFO("seed " << seed << ": " << cluster.agents.size() << " agents, " << cluster.layers.size() << " layers");
  cluster.live();
  for (const SimulatedAgent& agent : cluster.agents) CHECK(agent.longest_silence <= longest_silence);
  cluster.end();
  for (const SimulatedAgent& agent : cluster.agents) CHECK(agent.messages_to_nobody() == 0);
  CHECK(cluster.f.source.most_reading() <= 1);
  for (const Digest& digest : cluster.layers) {
    CHECK(holds_no_wrong_bytes(cluster.f.store, digest));
    if (cluster.is_calm) CHECK(cluster.f.source.opened[digest] <= 1);
  }
  CHECK(cluster.f.store.reserved().value == 0);
  CHECK(cluster.core.directory().swarms().empty());
  CHECK(cluster.core.directory().agents().empty());
  CHECK(cluster.core.seeder().layers().empty());
  for (const auto& [name, joined] : cluster.f.swarm.swarms) CHECK(joined.left);
}

}  // namespace

TEST_CASE("whatever agents, origin and disk do, each agent is answered, and nothing wrong or lost is left") {
  play_seeds(100, play);
}
