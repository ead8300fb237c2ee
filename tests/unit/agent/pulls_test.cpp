// The pull path of an agent without trackers, over a real store and a real HTTP origin (cpp-httplib).
#include "agent/pull/pulls.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/agent/fake_origin.hpp"
#include "tests/unit/agent/reading.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

class NoSwarm final : public swarm::Swarm {
 public:
  void join(swarm::Membership) override { FAIL("an agent without trackers joins no swarm"); }
  void connect(const SwarmName&, std::vector<swarm::PeerAddress>) override {}
  void publish(const SwarmName&, swarm::Publication) override {}
  void leave(const SwarmName&) override {}
  void ban(const swarm::Identity&) override {}
};

origin::Options options_for(const FakeOrigin& fake) {
  origin::Options options;
  options.upstreams["origin"].url = fake.url();
  return options;
}

struct Agent {
  struct Settings {
    ByteCount capacity = 50_GiB;
    pull::Limits limits{};
    store::Faults* faults = nullptr;
    Settings() { limits.linger = Milliseconds(0); }  // the loop ends with the pull
  };
  explicit Agent(const FakeOrigin& fake, const Settings& settings)
      : store({.path = directory.path(), .capacity = settings.capacity, .faults = settings.faults}),
        origin(options_for(fake), clock),
        pulls({loop, clock, pool, pool, store, swarm, origin, trackers, metrics, access}, settings.limits) {}
  explicit Agent(const FakeOrigin& fake) : Agent(fake, Settings()) {}

  pull::Ask ask(const Bytes& content, std::optional<ByteCount> hint = {}) const {
    return {.digest = digest_of(DigestAlgorithm::sha256, content),
            .kind = origin::Kind::blob,
            .repository = {"origin", "lib/app"},
            .size_hint = hint,
            .authorization = {}};
  }

  TemporaryDirectory directory;
  Loop loop;
  SystemClock clock;
  Pool pool{1};
  pull::Metrics metrics;
  store::Store store;
  NoSwarm swarm;
  origin::Origin origin;
  link::Trackers trackers{loop, clock, {}, [] { return control::Hello{}; }};
  access::Access access{{loop, clock, origin, trackers}, {}};
  pull::Pulls pulls;
};

Reading read_one(Agent& agent, const pull::Ask& ask) {
  Reading reading;
  spawn(agent.loop, read_all(agent.pulls, ask, reading));
  agent.loop.restart();
  agent.loop.run();
  REQUIRE(reading.ended);
  return reading;
}

Bytes content_of(std::size_t size) {
  Bytes bytes(size);
  std::minstd_rand random(7);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

}  // namespace

TEST_CASE("a layer comes from the origin, is kept, and the second reader does not ask the origin") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent agent(fake);
  CHECK(read_one(agent, agent.ask(content)).bytes == content);
  CHECK(read_one(agent, agent.ask(content)).bytes == content);
  CHECK(fake.gets() == 1);
  CHECK(agent.metrics.hits.value() == 1);
}

TEST_CASE("however many ask at once, the origin is asked once and all get the bytes") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent agent(fake);
  std::vector<Reading> readings(20);
  for (Reading& reading : readings) spawn(agent.loop, read_all(agent.pulls, agent.ask(content), reading));
  agent.loop.run();
  for (const Reading& reading : readings) CHECK(reading.bytes == content);
  CHECK(fake.gets() == 1);
}

TEST_CASE("a body that breaks off is continued from the first missing byte") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  fake.break_off_after(100'000);
  Agent agent(fake);
  CHECK(read_one(agent, agent.ask(content)).bytes == content);
  CHECK(fake.gets() == 2);
  CHECK(fake.last_range() == "bytes=100000-");  // in the middle of a piece
  CHECK(agent.metrics.bytes.origin.value() == 300'000);
}

TEST_CASE("wrong bytes never reach a reader completely, and the origin is asked a second time") {
  const Bytes content = content_of(300'000);
  Bytes wrong = content;
  wrong[150'000] ^= std::byte{1};
  FakeOrigin fake(wrong);
  Agent agent(fake);
  const Reading reading = read_one(agent, agent.ask(content));
  REQUIRE(reading.error);
  CHECK(reading.error->kind == ErrorKind::corrupt);
  CHECK(reading.bytes.size() <= 18 * 16384);  // all but the last piece
  CHECK(fake.gets() == 2);
  CHECK(agent.store.digests().empty());
  CHECK(agent.store.reserved() == ByteCount{0});
  CHECK(agent.metrics.outcomes.corrupt_layers.value() == 2);
  CHECK(agent.metrics.pulls_failed.value() == 1);  // the first attempt was not the last one
}

TEST_CASE("a layer that can only be passed through is no failed pull") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent::Settings settings;
  settings.capacity = {100'000};
  Agent agent(fake, settings);
  std::vector<store::Reserved> taken;  // all room in memory
  for (std::size_t i = 0; i < 8; ++i) {
    const Digest other = digest_of(DigestAlgorithm::sha256, content_of(i + 1));
    if (auto room = agent.store.reserve_in_memory(other, store::MemoryLimits().largest)) taken.push_back(std::move(*room));
  }
  const Reading reading = read_one(agent, agent.ask(content));
  REQUIRE(reading.error);
  CHECK(reading.error->kind == ErrorKind::no_space);
  CHECK(agent.metrics.pulls_failed.value() == 0);
  CHECK(agent.metrics.uncached_layers.value() == 1);
}

TEST_CASE("more layers at once than are allowed are refused, and a layer that is being pulled is not one more") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent::Settings settings;
  settings.limits.downloads = 1;
  Agent agent(fake, settings);
  Reading first;
  Reading second;
  Reading other;
  spawn(agent.loop, read_all(agent.pulls, agent.ask(content), first));
  spawn(agent.loop, read_all(agent.pulls, agent.ask(content), second));
  spawn(agent.loop, read_all(agent.pulls, agent.ask(content_of(1'000)), other));
  agent.loop.run();
  CHECK(first.bytes == content);
  CHECK(second.bytes == content);
  REQUIRE(other.error);
  CHECK(other.error->kind == ErrorKind::unavailable);
}

TEST_CASE("a size that is not the manifest's is refused") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent agent(fake);
  const Reading reading = read_one(agent, agent.ask(content, ByteCount{299'999}));
  REQUIRE(reading.error);
  CHECK(reading.error->kind == ErrorKind::refused);
  CHECK(agent.store.reserved() == ByteCount{0});
}

TEST_CASE("a manifest that lies about a size evicts nothing") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent::Settings settings;
  settings.capacity = {400'000};
  Agent agent(fake, settings);
  const Bytes other = content_of(200'000);
  spawn(agent.loop, agent.pulls.store_bytes(agent.ask(other), other, ""));
  agent.loop.run();
  REQUIRE(agent.store.digests().size() == 1);
  const Reading reading = read_one(agent, agent.ask(content, ByteCount{400'000}));
  REQUIRE(reading.error);
  CHECK(reading.error->kind == ErrorKind::refused);
  CHECK(agent.store.digests().size() == 1);
  CHECK(read_one(agent, agent.ask(content, ByteCount{300'000})).bytes == content);
  CHECK_FALSE(agent.pulls.find_held(granted(digest_of(DigestAlgorithm::sha256, other))));
}

TEST_CASE("a layer that the origin does not have is not found") {
  const Bytes content = content_of(1'000);
  FakeOrigin fake({}, true);
  Agent agent(fake);
  const Reading reading = read_one(agent, agent.ask(content));
  REQUIRE(reading.error);
  CHECK(reading.error->kind == ErrorKind::not_found);
}

TEST_CASE("an empty layer is pulled like any other") {
  FakeOrigin fake(Bytes{});
  Agent agent(fake);
  const Reading reading = read_one(agent, agent.ask(Bytes{}));
  CHECK_FALSE(reading.error);
  CHECK(agent.store.digests().size() == 1);
}

TEST_CASE("a manifest that came with its tag is kept without asking again") {
  const Bytes content = content_of(1'000);
  FakeOrigin fake(content);
  Agent agent(fake);
  spawn(agent.loop, agent.pulls.store_bytes(agent.ask(content), content, "text/x-manifest"));
  agent.loop.run();
  const auto held = agent.pulls.find_held(granted(digest_of(DigestAlgorithm::sha256, content)));
  REQUIRE(held);
  CHECK(held->content_type() == "text/x-manifest");
  CHECK(read_one(agent, agent.ask(content)).bytes == content);
  CHECK(fake.gets() == 0);
}

TEST_CASE("a pull that ended is resumed by the next one, and what it had is not requested again") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  fake.break_off_after(100'000);
  Agent::Settings settings;
  settings.limits.sources.origin.resume.bodies = 1;
  Agent agent(fake, settings);
  CHECK(read_one(agent, agent.ask(content)).error);
  CHECK(agent.store.partial() == ByteCount{300'000});
  CHECK(read_one(agent, agent.ask(content, ByteCount{300'000})).bytes == content);
  CHECK(fake.last_range() == "bytes=98304-");
  CHECK(agent.metrics.bytes.resumed.value() == 98'304);
  CHECK(agent.store.partial() == ByteCount{0});
}

TEST_CASE("a layer without room is pulled, served and not stored") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent::Settings settings;
  settings.capacity = {100'000};
  Agent agent(fake, settings);
  CHECK(read_one(agent, agent.ask(content)).bytes == content);
  CHECK(agent.store.digests().empty());
  CHECK(agent.store.reserved() == ByteCount{0});
  CHECK(agent.metrics.uncached_layers.value() == 1);
  CHECK(read_one(agent, agent.ask(content)).bytes == content);
  CHECK(fake.gets() == 2);
}

TEST_CASE("a layer that not even a window has room for is passed through, its digest known only at the end") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  Agent agent(fake);
  Bytes right;
  const auto pass = [](Agent& node, pull::Ask ask, Bytes& bytes, std::optional<Error>& error) -> Task<void> {
    const auto passing = co_await node.pulls.pass_through(granted(ask.digest), ask, 0);
    REQUIRE(passing);
    CHECK((*passing)->size() == ByteCount{300'000});
    for (;;) {
      const auto more = co_await (*passing)->next();
      if (!more) error = more.error();
      if (!more || more->empty()) co_return;
      bytes.insert(bytes.end(), more->begin(), more->end());
    }
  };
  std::optional<Error> error;
  SECTION("right bytes") {
    spawn(agent.loop, pass(agent, agent.ask(content), right, error));
    agent.loop.run();
    CHECK_FALSE(error);
    CHECK(right == content);
  }
  SECTION("wrong bytes") {
    const Bytes other = content_of(299'999);
    spawn(agent.loop, pass(agent, agent.ask(other), right, error));
    agent.loop.run();
    REQUIRE(error);
    CHECK(error->kind == ErrorKind::corrupt);
  }
  CHECK(agent.store.digests().empty());
}

namespace {

// A disk that can be read.
struct FailingWrites final : FailingOperation {
  int next(const char* operation) override {
    const std::string_view name = operation;
    return name == "read" || name == "look" ? 0 : FailingOperation::next(operation);
  }
};

// As the registry answers: what there is no room for is passed through.
Task<void> read_or_pass(Agent& agent, pull::Ask ask, Reading& reading) {
  co_await read_all(agent.pulls, ask, reading);
  if (!reading.error || reading.error->kind != ErrorKind::no_space) co_return;
  reading = Reading();
  const auto passing = co_await agent.pulls.pass_through(granted(ask.digest), ask, 0);
  if (!passing) {
    reading.error = passing.error();
  } else {
    while (!reading.error) {
      const auto bytes = co_await (*passing)->next();
      if (!bytes) {
        reading.error = bytes.error();
      } else if (bytes->empty()) {
        break;
      } else {
        reading.bytes.insert(reading.bytes.end(), bytes->begin(), bytes->end());
      }
    }
  }
  reading.ended = true;
}

}  // namespace

TEST_CASE("whichever write the disk refuses from then on, whoever asks has all bytes, and later the layer is kept") {
  const Bytes content = content_of(300'000);
  FakeOrigin fake(content);
  for (const int error_number : {EIO, EROFS, ENOSPC}) {
    for (int n = 1;; ++n) {
      FailingWrites faults;
      Agent::Settings settings;
      settings.limits.no_cache_after_disk_error = Milliseconds(0);
      settings.faults = &faults;
      Agent agent(fake, settings);
      faults.fail(n, error_number, FailingOperation::How::from_then_on);
      Reading reading;
      spawn(agent.loop, read_or_pass(agent, agent.ask(content), reading));
      agent.loop.run();
      CAPTURE(n, error_number, faults.failed());
      REQUIRE_FALSE(reading.error);
      CHECK(reading.bytes == content);
      const bool none_failed = faults.failed().empty();
      faults.stop();
      CHECK(read_one(agent, agent.ask(content)).bytes == content);
      CHECK(agent.store.holds(agent.ask(content).digest));
      if (none_failed) break;
    }
  }
}
