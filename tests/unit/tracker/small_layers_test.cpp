// Small layers and manifests at the seeder: they have no swarm.
#include <atomic>
#include <thread>

#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

namespace {

// Makes nothing durable while it is busy, for five seconds at most.
struct BusyDisk : store::Faults {
  int next(const char* operation) override {
    if (!is_busy || std::string_view(operation) != "sync") return 0;
    is_waiting = true;
    const Time end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (is_busy && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return 0;
  }
  std::atomic<bool> is_busy{false};
  std::atomic<bool> is_waiting{false};
};

}  // namespace

TEST_CASE("a small layer is fetched whole, verified and stored, without a swarm") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(1'000));
  CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(f.request(digest))));
  CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(f.request(digest))));
  REQUIRE(f.until([&] { return !f.told.known_layers.empty(); }));
  CHECK(f.told.known_layers[0].is_small);
  CHECK(f.source.opened_from.size() == 1);
  CHECK(f.swarm.swarms.empty());
  const SeedResult again = f.seeder.request_layer(f.request(digest));
  REQUIRE(std::holds_alternative<LayerInfo>(again));
  CHECK(std::get<LayerInfo>(again).size == ByteCount{1'000});
}

TEST_CASE("a small layer may be fetched before it is durable, and is in the store then") {
  BusyDisk disk;
  SeederFixture f(64_MiB, 2, &disk);
  disk.is_busy = true;
  const Bytes content = numbered_bytes(1'000);
  const Digest digest = f.source.add(content);
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return disk.is_waiting.load() && !f.told.known_layers.empty(); }));
  CHECK(f.told.known_layers.size() == 1);
  CHECK_FALSE(f.store.find(digest));
  const auto small = f.seeder.small(digest);
  CHECK((small && small->bytes == content));
  CHECK(std::holds_alternative<LayerInfo>(f.seeder.request_layer(f.request(digest))));
  CHECK(f.seeder.layers().empty());
  f.clock.advance(Milliseconds(5'000));
  CHECK(f.seeder.waiting_for_origin().empty());

  disk.is_busy = false;
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK_FALSE(f.seeder.small(digest));
  CHECK(f.told.known_layers.size() == 1);
}

TEST_CASE("a manifest skips the swarm whatever its size, and keeps its content type") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(400'000), "application/vnd.oci.image.manifest.v1+json");
  f.seeder.request_layer(f.request(digest, origin::Kind::manifest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.told.known_layers[0].is_small);
  CHECK(f.told.known_layers[0].content_type == "application/vnd.oci.image.manifest.v1+json");
  CHECK(f.store.find(digest)->side().content_type == "application/vnd.oci.image.manifest.v1+json");
  CHECK(std::get<LayerInfo>(f.seeder.request_layer(f.request(digest, origin::Kind::manifest))).is_small);
}

TEST_CASE("a small layer whose bytes are wrong twice is refused") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(1'000));
  f.source.next_answers({{.bytes = numbered_bytes(1'000, 2)}, {.bytes = numbered_bytes(1'000, 2)}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.restarts.empty());
  CHECK_FALSE(f.store.find(digest));
}

TEST_CASE("the empty layer is known from its digest alone") {
  SeederFixture f;
  const SeedResult result = f.seeder.request_layer(f.request(digest_of(DigestAlgorithm::sha256, {})));
  REQUIRE(std::holds_alternative<LayerInfo>(result));
  CHECK(std::get<LayerInfo>(result).size == ByteCount{0});
  CHECK(f.source.opened_from.empty());
}
