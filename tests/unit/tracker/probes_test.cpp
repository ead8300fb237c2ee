// The tracker tries the ports of agents, on a network in memory.
#include "tracker/probes.hpp"

#include <catch2/catch.hpp>

#include "shared/core/signal.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

struct Network {
  static Task<Result<void>> connect(Network* self, std::string host, std::uint16_t port) {
    ++self->dialled[host + ":" + std::to_string(port)];
    ++self->open;
    self->most_open = std::max(self->most_open, self->open);
    while (self->is_held) co_await self->released.wait();
    --self->open;
    if (self->silent.contains(port)) co_return fail(ErrorKind::unavailable, "no answer in time");
    co_return Result<void>();
  }

  Loop& loop;
  std::map<std::string, int> dialled{};
  std::set<std::uint16_t> silent{};
  bool is_held = false;
  Signal released{loop};
  std::size_t open = 0;
  std::size_t most_open = 0;
};

struct Fixture {
  NodeId connect(int number, const std::string& source = "", std::uint16_t small_port = 7073) {
    control::Hello hello;
    hello.node = "node" + std::to_string(number);
    hello.swarm.port = 7072;
    hello.small_layers.port = small_port;
    const std::string host = "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1);
    hello.swarm.host = host;
    hello.small_layers.host = host;
    const auto arrival = directory.arrive(hello, source.empty() ? host : source);
    REQUIRE(arrival);
    probes.arrived(arrival->id);
    settle();
    return arrival->id;
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void pass(int seconds) {
    clock.advance(std::chrono::seconds(seconds));
    probes.tick();
    settle();
  }
  int dials() const {
    int all = 0;
    for (const auto& [where, times] : network.dialled) all += times;
    return all;
  }

  Loop loop;
  ManualClock clock{loop};
  directory::Directory directory{std::mt19937(1)};
  directory::Reachability reachability{directory};
  ProbeMetrics metrics;
  Network network{loop};
  Probes probes{{loop, clock, directory, reachability, metrics, [this](Clock&, std::string host, std::uint16_t port, Milliseconds) {
                   return Network::connect(&network, std::move(host), port);
                 }}};
};

}  // namespace

TEST_CASE("an agent that connects has both of its ports tried, and is reachable when they answer") {
  Fixture f;
  const NodeId node = f.connect(0);
  CHECK(f.network.dialled == std::map<std::string, int>{{"10.0.0.1:7072", 1}, {"10.0.0.1:7073", 1}});
  CHECK(f.reachability.is_reachable(node, Service::pieces, f.clock.now()));
  CHECK(f.metrics.unreachable_pieces.value() == 0);
  CHECK(f.metrics.failed.value() == 0);
}

TEST_CASE("an agent whose port does not answer is counted, tried again, and forgotten once it answers") {
  Fixture f;
  f.network.silent = {7073};
  const NodeId node = f.connect(0);
  CHECK_FALSE(f.reachability.is_reachable(node, Service::small_layers, f.clock.now()));
  CHECK(f.reachability.is_reachable(node, Service::pieces, f.clock.now()));
  CHECK(f.metrics.unreachable_small.value() == 1);
  CHECK(f.metrics.unreachable_pieces.value() == 0);
  f.pass(4);
  CHECK(f.network.dialled["10.0.0.1:7073"] == 1);
  f.pass(1);
  CHECK(f.network.dialled["10.0.0.1:7073"] == 2);
  CHECK(f.metrics.failed.value() == 2);
  f.network.silent.clear();
  f.pass(10);
  CHECK(f.reachability.is_reachable(node, Service::small_layers, f.clock.now()));
  CHECK(f.metrics.unreachable_small.value() == 0);
  f.pass(100);
  CHECK(f.network.dialled["10.0.0.1:7073"] == 3);
}

TEST_CASE("a port that answered is not tried again when its agent connects again within ten minutes") {
  Fixture f;
  f.connect(0);
  f.pass(599);
  f.connect(0);
  CHECK(f.dials() == 2);
  f.pass(1);
  f.connect(0);
  CHECK(f.dials() == 4);
}

TEST_CASE("at most 64 ports are tried at once, and all of them at last") {
  Fixture f;
  f.network.is_held = true;
  for (int number = 0; number < 300; ++number) f.connect(number);
  CHECK(f.network.open == Probes::most_at_once);
  f.network.is_held = false;
  while (f.network.open > 0) {
    f.network.released.notify();
    f.settle();
  }
  CHECK(f.dials() == 600);
  CHECK(f.network.most_open == Probes::most_at_once);
}

TEST_CASE("a report has the port tried again, at most once in five seconds") {
  Fixture f;
  const NodeId node = f.connect(0);
  f.pass(5);
  for (int i = 0; i < 3; ++i) f.probes.reported(node, Service::small_layers);
  f.settle();
  f.probes.reported(node, Service::small_layers);
  f.settle();
  CHECK(f.network.dialled["10.0.0.1:7073"] == 2);
  f.pass(5);
  CHECK(f.network.dialled["10.0.0.1:7073"] == 3);  // for the report that came too soon
  f.pass(5);
  CHECK(f.network.dialled["10.0.0.1:7073"] == 3);
  CHECK(f.network.dialled["10.0.0.1:7072"] == 1);
}

TEST_CASE("the tracker dials no loopback address for an agent that is elsewhere, and no port 0") {
  Fixture f;
  f.connect(0, "127.0.0.1");
  CHECK(f.dials() == 0);
  f.connect(1, "", 0);
  CHECK(f.dials() == 1);
}

TEST_CASE("an answer for an agent that is gone, or has moved, means nothing") {
  Fixture f;
  f.network.silent = {7072, 7073};
  f.network.is_held = true;
  const NodeId node = f.connect(0);
  f.directory.drop(node, f.clock.now());
  f.reachability.remove(node);
  f.directory.remove(node);
  f.network.is_held = false;
  f.network.released.notify();
  f.settle();
  CHECK(f.metrics.failed.value() == 0);
  CHECK(f.reachability.to_probe(f.clock.now() + std::chrono::hours(1)).empty());
}
