// Which layers are evicted when room is needed, and which are not.
#include <catch2/catch.hpp>
#include <cerrno>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

Digest digest_of_seed(std::size_t size, unsigned seed) {
  return digest_of_bytes(made_bytes(size, seed));
}

// A disk that has room for so many allocations only: a layer removed gives one back.
class SmallDisk final : public Faults {
 public:
  explicit SmallDisk(int room) : room_(room) {}
  int next(const char* operation) override {
    const std::string what = operation;
    if (what == "allocate" && room_ == 0) return ENOSPC;
    if (what == "allocate") --room_;
    return 0;
  }
  void give_back() { ++room_; }

 private:
  int room_;
};

}  // namespace

TEST_CASE("a layer that somebody reads is not evicted, and its reader reads to the end") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{100'000}, nullptr});
  REQUIRE(put(store, made_bytes(40'000, 1)));
  REQUIRE(put(store, made_bytes(40'000, 2)));
  auto reader = store.find(digest_of_seed(40'000, 1));
  REQUIRE(store.find(digest_of_seed(40'000, 2)));  // used after it
  REQUIRE(put(store, made_bytes(40'000, 3)));
  CHECK(store.holds(digest_of_seed(40'000, 1)));
  CHECK_FALSE(store.holds(digest_of_seed(40'000, 2)));
  CHECK(all_bytes(*reader) == made_bytes(40'000, 1));
  CHECK(put(store, made_bytes(100'000, 4)).error().kind == ErrorKind::no_space);
  reader.reset();
  CHECK(put(store, made_bytes(100'000, 4)));
}

TEST_CASE("a span that is being sent keeps its layer") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{50'000}, nullptr});
  REQUIRE(put(store, made_bytes(40'000, 1)));
  auto span = std::optional(store.find(digest_of_seed(40'000, 1))->readable(0));
  CHECK_FALSE(put(store, made_bytes(40'000, 2)));
  span.reset();
  CHECK(put(store, made_bytes(40'000, 2)));
}

TEST_CASE("many readers of one layer share one open file") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  REQUIRE(put(store, made_bytes(40'000, 1)));
  const auto one = store.find(digest_of_seed(40'000, 1));
  const auto two = store.find(digest_of_seed(40'000, 1));
  CHECK(one->file() == two->file());
}

TEST_CASE("the owner may spare a layer, and is told of what went") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{100'000}, nullptr});
  for (unsigned seed = 1; seed <= 3; ++seed) REQUIRE(put(store, made_bytes(30'000, seed)));
  std::vector<Digest> gone;
  store.ask_before_evicting([&](const Digest& digest) { return digest != digest_of_seed(30'000, 1); },
                            [&](const Digest& digest) { gone.push_back(digest); });
  REQUIRE(put(store, made_bytes(30'000, 4)));
  CHECK(gone == std::vector{digest_of_seed(30'000, 2)});
  CHECK(store.holds(digest_of_seed(30'000, 1)));
  CHECK_FALSE(store.holds(digest_of_seed(30'000, 2)));
  CHECK(store.holds(digest_of_seed(30'000, 3)));
}

TEST_CASE("nothing is evicted when that would not be enough") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{100'000}, nullptr});
  for (unsigned seed = 1; seed <= 3; ++seed) REQUIRE(put(store, made_bytes(30'000, seed)));
  const auto reader = store.find(digest_of_seed(30'000, 2));
  CHECK(put(store, made_bytes(80'000, 4)).error().kind == ErrorKind::no_space);
  CHECK(store.digests().size() == 3);
  CHECK(put(store, made_bytes(70'000, 4)));
  CHECK(store.digests().size() == 2);
}

TEST_CASE("a disk that is full before the capacity makes room like a full store") {
  TemporaryDirectory directory;
  SmallDisk disk(2);
  Store store({directory.path(), 1_GiB, &disk});
  store.ask_before_evicting([](const Digest&) { return true; }, [&](const Digest&) { disk.give_back(); });
  for (unsigned seed = 1; seed <= 3; ++seed) REQUIRE(put(store, made_bytes(30'000, seed)));
  CHECK_FALSE(store.holds(digest_of_seed(30'000, 1)));
  CHECK(store.digests().size() == 2);
  CHECK(store.reserved().value == 0);
}

TEST_CASE("a disk that stays full refuses, and nothing leaks") {
  TemporaryDirectory directory;
  SmallDisk disk(0);
  Store store({directory.path(), 1_GiB, &disk});
  for (const std::size_t size : {30'000, 400'000}) {
    CHECK(put(store, made_bytes(size, 1)).error().kind == ErrorKind::no_space);
  }
  CHECK(store.reserved().value == 0);
  CHECK(files_in(directory.path(), "tmp").empty());
  CHECK(files_in(directory.path(), "partial").empty());
}

TEST_CASE("a layer in memory is filled, verified and read, and the store does not find it") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{10}, nullptr});
  const Bytes bytes = made_bytes(400'000);
  const Digest digest = digest_of_bytes(bytes);
  const auto reserved = store.reserve_in_memory(digest, {bytes.size()}).value();
  const HeldLayer layer = store.adopt(Store::write_small(reserved, bytes, "application/x").value());
  CHECK(all_bytes(layer) == bytes);
  CHECK(layer.readable(399'999).length() == 1);
  CHECK_FALSE(store.find(digest));
  CHECK(store.used().value == 0);
  CHECK(files_in(directory.path(), "layers").empty());
}

TEST_CASE("what is in memory is bounded, and given back with its last reader") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{10}, nullptr});
  const Digest digest = digest_of_bytes(bytes_of("large"));
  std::vector<Reserved> most;
  const MemoryLimits limits;
  for (std::uint64_t taken = 0; taken < limits.all.value; taken += limits.largest.value)
    most.push_back(store.reserve_in_memory(digest, limits.largest).value());
  CHECK(store.reserve_in_memory(digest, {1}).error().kind == ErrorKind::no_space);
  auto reader = most.back().file();
  most.pop_back();
  CHECK(store.reserve_in_memory(digest, {1}).error().kind == ErrorKind::no_space);
  reader.reset();
  CHECK(store.reserve_in_memory(digest, limits.largest));
}

TEST_CASE("of a layer that is larger than what is kept in memory there is a window, never more of it") {
  TemporaryDirectory directory;
  const MemoryLimits limits{.largest = 1_MiB, .all = 4_MiB};
  Store store({.path = directory.path(), .capacity = ByteCount{10}, .memory = limits});
  const ByteCount size = 3_MiB;
  const Reserved reserved = store.reserve_in_memory(digest_of_bytes(bytes_of("large")), size).value();
  PieceFile& file = *reserved.file();
  REQUIRE(file.is_window());
  CHECK(reserved.in_memory());
  const PieceLayout layout(size);
  const Bytes bytes = made_bytes(layout.piece_length().value);
  const auto write = [&](PieceIndex piece) {
    return file.write(PieceHashes::of_origin(layout, piece, ByteView(bytes).first(layout.length(piece))));
  };
  const auto in_window = static_cast<PieceIndex>(limits.largest.value / layout.piece_length().value);
  for (PieceIndex piece = 0; piece < in_window; ++piece) REQUIRE(write(piece));
  CHECK(file.fits({0}));
  CHECK_FALSE(file.fits({1}));
  CHECK(write(in_window).error().kind == ErrorKind::no_space);
  CHECK(write(3));  // there already
  file.drop(3);
  file.drop(3);
  CHECK(file.fits(layout.piece_length()));
  CHECK(write(in_window));
  CHECK(file.find(3));  // it was written, and is not to be fetched again
  CHECK(file.read(4).value() == bytes);
  CHECK_FALSE(file.read(3).value() == bytes);
}
