// A tracker whose store has no room: the layer goes through memory, as a whole or in a window, and the agents share it.
#include <atomic>
#include <cerrno>

#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

namespace {

constexpr store::MemoryLimits small_window{.largest = 256_KiB, .all = 1_MiB};

std::size_t in_window(const SeederFixture&) {
  return small_window.largest.value / piece_length_for(layer_size).value;
}

// Has room and inodes for files, and none for a further name.
struct NoNames final : store::Faults {
  int next(const char* operation) override {
    return is_full && std::string_view(operation) == "rename" ? ENOSPC : 0;
  }
  std::atomic<bool> is_full{false};
};

}  // namespace

TEST_CASE("a small layer that cannot get its name in the store is served from memory") {
  NoNames disk;
  SeederFixture f(64_MiB, 2, &disk);
  disk.is_full = true;
  const Digest digest = f.source.add(numbered_bytes(1'000));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.metrics.unstored_layers.value() == 1; }));
  CHECK(f.told.refusals.empty());
  REQUIRE(f.seeder.small(digest));
  CHECK(f.seeder.small(digest)->bytes == numbered_bytes(1'000));
  CHECK(f.source.opened[digest] == 1);
}

TEST_CASE("a layer that the store has no room for is seeded from memory, and the origin is asked once") {
  SeederFixture f(1_MiB);
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.finished_layers.empty(); }));
  CHECK(f.told.refusals.empty());
  CHECK(f.metrics.unstored_layers.value() == 1);
  CHECK_FALSE(f.store.find(digest));
  const auto& swarm = f.swarm_of(digest, layer_size);
  CHECK(swarm.in_file.size() == PieceLayout(layer_size).count());
  CHECK_FALSE(swarm.is_window);
  CHECK(swarm.file->read(7).value() == Bytes(content.begin() + 7 * 16'384, content.begin() + 8 * 16'384));
  CHECK(std::holds_alternative<LayerInfo>(f.seeder.request_layer(f.request(digest))));
  CHECK(f.source.opened[digest] == 1);
}

TEST_CASE("a layer in memory is left soon after no member lacks pieces, and its memory is free again") {
  SeederFixture f(1_MiB, 2, nullptr, {.largest = 4_MiB, .all = 4_MiB});
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.finished_layers.empty(); }));
  f.settle();
  const auto lacking = [](const Digest&) { return Seeder::Members{.any = true, .lacking = true}; };
  const auto complete = [](const Digest&) { return Seeder::Members{.any = true, .lacking = false}; };
  f.clock.advance(std::chrono::hours(1));
  CHECK(f.seeder.tick(lacking).empty());
  f.clock.advance(Seeder::leave_memory_after - Milliseconds(1));
  CHECK(f.seeder.tick(complete).empty());
  const Digest other = digest_of(DigestAlgorithm::sha256, numbered_bytes(5));
  CHECK_FALSE(f.store.reserve_in_memory(other, 2_MiB));
  f.clock.advance(Milliseconds(1));
  CHECK(f.seeder.tick(complete) == std::vector{digest});
  f.swarm.swarms.clear();  // the swarm's own handle of the file
  CHECK(f.store.reserve_in_memory(other, 2_MiB));
}

TEST_CASE("of a layer too large for memory the pieces that agents took make room for the next ones") {
  SeederFixture f(1_MiB, 2, nullptr, small_window);
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  std::size_t taken = 0;
  std::size_t most_resident = 0;
  const bool has_ended = f.until([&] {
    if (f.swarm.swarms.empty()) return false;
    const SwarmName name = f.swarm.swarms.begin()->first;
    const std::vector<PieceIndex> in_file = f.swarm.swarms.at(name).in_file;
    most_resident = std::max(most_resident, in_file.size() - taken);
    if (taken < in_file.size()) f.swarm.report(name, swarm::PieceTaken{in_file[taken++]});
    return !f.told.finished_layers.empty() || !f.told.refusals.empty();
  });
  REQUIRE(has_ended);
  CHECK(f.told.refusals.empty());
  REQUIRE(f.told.finished_layers.size() == 1);
  CHECK(f.swarm_of(digest, layer_size).is_window);
  CHECK(most_resident > 1);
  CHECK(most_resident <= in_window(f));
  CHECK(f.source.opened[digest] == 1);
}

TEST_CASE("a layer in a window that no agent takes is refused before the agents would give up") {
  SeederFixture f(1_MiB, 2, nullptr, small_window);
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  const Time began = f.clock.now();
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.clock.now() - began < control::timing::swarm_silence);
  CHECK_THAT(f.told.refusals[0].what, Catch::Contains("no agent takes the pieces"));
  CHECK(f.swarm_of(digest, layer_size).left);
}

TEST_CASE("a small layer that the store has no room for is served from memory for a minute") {
  SeederFixture f(ByteCount{100});
  const Digest digest = f.source.add(numbered_bytes(1'000));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.known_layers.empty(); }));
  f.settle();
  REQUIRE(f.seeder.small(digest));
  CHECK(f.seeder.small(digest)->bytes == numbered_bytes(1'000));
  const auto nobody = [](const Digest&) { return Seeder::Members{}; };
  f.seeder.tick(nobody);
  CHECK(std::holds_alternative<LayerInfo>(f.seeder.request_layer(f.request(digest))));
  CHECK(f.source.opened[digest] == 1);
  f.clock.advance(Seeder::small_in_memory);
  f.seeder.tick(nobody);
  CHECK_FALSE(f.seeder.small(digest));
}
