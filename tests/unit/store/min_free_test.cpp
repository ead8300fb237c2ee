// What the store leaves free on its file system, and which layers it drops because nobody used them.
#include <catch2/catch.hpp>

#include "layers.hpp"
#include "shared/store/upkeep.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

// A file system of 1,000,000 bytes, whose other users take what the test says.
struct SharedDisk final : Faults {
  int next(const char* /*operation*/) override { return 0; }
  std::optional<Space> space() override { return Space{1'000'000, free_bytes}; }
  std::uint64_t free_bytes = 1'000'000;
};

struct Fixture {
  explicit Fixture(ByteShare min_free, Milliseconds keep = Milliseconds(0))
      : store({.path = directory.path(), .capacity = 1_MiB, .faults = &disk, .min_free = min_free, .keep = keep}) {
    store.ask_before_evicting([](const Digest&) { return true; }, [this](const Digest&) { disk.free_bytes += 30'000; });
  }
  Digest put_layer(unsigned seed) {
    const Bytes bytes = made_bytes(30'000, seed);
    REQUIRE(put(store, bytes));
    return digest_of_bytes(bytes);
  }
  std::uint64_t evicted(Cause cause) const { return store.counters().evicted(cause).value(); }

  TemporaryDirectory directory;
  SharedDisk disk;
  Store store;
};

}  // namespace

TEST_CASE("a reservation evicts until min_free stays free, the least recently used layer first") {
  Fixture f(ByteShare::percent(10));
  const Digest first = f.put_layer(1);
  const Digest second = f.put_layer(2);
  f.disk.free_bytes = 100'000;  // min_free: nothing of it is the store's
  const Digest third = f.put_layer(3);
  CHECK_FALSE(f.store.holds(first));
  CHECK(f.store.holds(second));
  CHECK(f.store.holds(third));
  CHECK(f.evicted(Cause::min_free) == 1);
  CHECK(f.evicted(Cause::capacity) == 0);
  CHECK(f.store.min_free() == ByteCount{100'000});
}

TEST_CASE("a reservation that could not leave min_free is refused, names it, and evicts nothing") {
  Fixture f(ByteCount{100'000});
  const Digest first = f.put_layer(1);
  f.disk.free_bytes = 99'999;
  const auto refused = put(f.store, made_bytes(30'000, 2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::no_space);
  CHECK_THAT(refused.error().what, Catch::Contains("min_free is 100000B, free are 99999B"));
  CHECK(f.store.holds(first));
  CHECK(f.store.counters().no_space.value() == 1);
  CHECK_FALSE(f.store.has_room(digest_of_bytes(bytes_of("x")), {1}));
  f.disk.free_bytes = 130'000;
  CHECK(put(f.store, made_bytes(30'000, 2)));
}

TEST_CASE("what others write to the file system is made room for while nothing is pulled") {
  Fixture f(ByteShare::percent(10));
  const Digest first = f.put_layer(1);
  const Digest second = f.put_layer(2);
  f.disk.free_bytes = 80'000;
  Loop loop;
  ManualClock clock(loop);
  start_upkeep(loop, clock, f.store);
  loop.poll();
  clock.advance(upkeep_every);
  loop.restart();
  loop.poll();
  CHECK_FALSE(f.store.holds(first));
  CHECK(f.store.holds(second));
  CHECK(f.disk.free_bytes == 110'000);
}

TEST_CASE("a layer that nobody used for `keep` is dropped, one that is read or was used is not") {
  Fixture f({}, Milliseconds(60'000));
  const Digest unused = f.put_layer(1);
  const Digest used = f.put_layer(2);
  const Digest read = f.put_layer(3);
  auto reader = f.store.find(read);
  f.store.tend(Milliseconds(40'000));
  REQUIRE(f.store.find(used));
  f.store.tend(Milliseconds(30'000));
  CHECK_FALSE(f.store.holds(unused));
  CHECK(f.store.holds(used));
  CHECK(f.store.holds(read));
  CHECK(f.evicted(Cause::unused) == 1);
  reader.reset();
  f.store.tend(Milliseconds(30'000));
  CHECK(f.store.digests().empty());
}

TEST_CASE("without `keep` no layer is too old") {
  Fixture f({});
  const Digest layer = f.put_layer(1);
  f.store.tend(std::chrono::hours(100'000));
  CHECK(f.store.holds(layer));
}

TEST_CASE("a capacity in per cent is that of the file system at the start") {
  TemporaryDirectory directory;
  SharedDisk disk;
  Store store({.path = directory.path(), .capacity = ByteShare::percent(5), .faults = &disk});
  CHECK(store.capacity() == ByteCount{50'000});
  CHECK(put(store, made_bytes(50'000)));
  CHECK(put(store, made_bytes(50'001)).error().kind == ErrorKind::no_space);
}
