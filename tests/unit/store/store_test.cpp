#include "shared/store/store.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <thread>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

const Bytes layer_bytes = made_bytes(40'000);
const Digest layer_digest = digest_of_bytes(layer_bytes);

}  // namespace

TEST_CASE("a layer that is reserved, written, verified and committed is found and reads back") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  CHECK_FALSE(store.find(layer_digest));
  const HeldLayer made = put(store, layer_bytes).value();
  CHECK(all_bytes(made) == layer_bytes);
  const auto found = store.find(layer_digest);
  REQUIRE(found);
  CHECK(found->digest() == layer_digest);
  CHECK(found->size().value == 40'000);
  CHECK(found->side() == side_of(layer_digest, layer_bytes));
  CHECK(all_bytes(*found) == layer_bytes);
  CHECK(found->readable(39'999).length() == 1);
  CHECK(found->readable(40'000).length() == 0);
  CHECK(store.digests() == std::vector{layer_digest});
  CHECK(store.used().value == 40'000);
  CHECK(store.reserved().value == 0);
}

TEST_CASE("a layer is invisible until it is adopted, and its bytes are reserved until then") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  auto reserved = std::optional(store.reserve(layer_digest, {40'000}).value());
  CHECK(store.reserved().value == 40'000);
  CHECK(store.used().value == 0);
  REQUIRE(write_pieces(*reserved->file(), layer_bytes));
  CHECK_FALSE(store.find(layer_digest));
  reserved.reset();
  CHECK(store.reserved().value == 0);
  CHECK(files_in(directory.path(), "tmp").empty());
  CHECK(files_in(directory.path(), "layers").empty());
}

TEST_CASE("a reservation lasts as long as its last copy") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  auto copy = [&] { return std::optional(store.reserve(layer_digest, {40'000}).value()); }();
  auto second = copy;
  copy.reset();
  CHECK(store.reserved().value == 40'000);
  second.reset();
  CHECK(store.reserved().value == 0);
}

TEST_CASE("a reservation that outlives its store cleans up behind itself") {
  TemporaryDirectory directory;
  auto store = std::make_unique<Store>(Options{directory.path(), 1_MiB, nullptr});
  auto reserved = std::optional(store->reserve(layer_digest, {40'000}).value());
  store.reset();
  CHECK(files_in(directory.path(), "tmp").size() == 1);
  reserved.reset();
  CHECK(files_in(directory.path(), "tmp").empty());
}

TEST_CASE("bytes that do not match the layer's digest never become visible") {
  TemporaryDirectory directory;
  const Digest other = digest_of_bytes(bytes_of("other"));
  Store store({directory.path(), 1_MiB, nullptr});
  CHECK(put(store, layer_bytes, other).error().kind == ErrorKind::corrupt);
  CHECK_FALSE(store.find(other));
  CHECK(files_in(directory.path(), "layers").empty());
  CHECK(files_in(directory.path(), "tmp").empty());
  CHECK(store.reserved().value == 0);
  CHECK(store.used().value == 0);
}

TEST_CASE("a committed layer that is dropped before adoption is removed") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  {
    const auto reserved = store.reserve(layer_digest, {40'000}).value();
    REQUIRE(Store::write_small(reserved, layer_bytes, ""));
  }
  CHECK_FALSE(store.find(layer_digest));
  CHECK(files_in(directory.path(), "layers").empty());
  CHECK(store.reserved().value == 0);
}

TEST_CASE("a manifest is written in one go and keeps its content type") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  const ByteView manifest = bytes_of("{\"schemaVersion\":2}");
  const Digest digest = digest_of(DigestAlgorithm::sha512, manifest);
  const auto reserved = store.reserve(digest, {manifest.size()}).value();
  store.adopt(Store::write_small(reserved, manifest, "application/x").value());
  const auto found = store.find(digest);
  REQUIRE(found);
  CHECK(found->side().content_type == "application/x");
  CHECK(found->side().hashes == std::vector{sha256(manifest)});
  CHECK(all_bytes(*found) == copy_of(manifest));
}

TEST_CASE("a small layer of the wrong digest or size is corrupt") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  const auto reserved = store.reserve(layer_digest, {5}).value();
  CHECK(Store::write_small(reserved, bytes_of("wrong"), "").error().kind == ErrorKind::corrupt);
  CHECK(Store::write_small(reserved, bytes_of("longer"), "").error().kind == ErrorKind::corrupt);
  CHECK(files_in(directory.path(), "layers").empty());
}

TEST_CASE("an empty layer is held like any other") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  const Digest empty = digest_of_bytes({});
  CHECK(put(store, {}).value().size().value == 0);
  const auto found = store.find(empty);
  REQUIRE(found);
  CHECK(found->readable(0).length() == 0);
  CHECK(found->side().hashes.empty());
}

TEST_CASE("a layer that is visible already is kept, and the second commit of it is as good") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  REQUIRE(put(store, layer_bytes));
  const std::string file = directory.path() + "/" + files_in(directory.path(), "layers")[0];
  std::filesystem::create_hard_link(file, directory.path() + "/first");
  const auto again = put(store, layer_bytes);
  REQUIRE(again);
  CHECK(std::filesystem::equivalent(file, directory.path() + "/first"));  // still the same file
  CHECK(all_bytes(*again) == layer_bytes);
  CHECK(store.used().value == 40'000);
  CHECK(store.reserved().value == 0);
  CHECK(files_in(directory.path(), "tmp").empty());
  CHECK(all_bytes(*store.find(layer_digest)) == layer_bytes);
}

TEST_CASE("the capacity is never exceeded and the least recently used layers make room") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{100'000}, nullptr});
  std::vector<Digest> digests;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const Bytes bytes = made_bytes(30'000, seed);
    digests.push_back(digest_of_bytes(bytes));
    REQUIRE(put(store, bytes));
  }
  REQUIRE(store.find(digests[0]));  // its latest use
  REQUIRE(put(store, made_bytes(30'000, 4)));
  CHECK_FALSE(store.find(digests[1]));
  CHECK(store.find(digests[0]));
  CHECK(store.find(digests[2]));
  CHECK(store.used().value == 90'000);
  REQUIRE(put(store, made_bytes(100'000, 5)));
  CHECK(store.digests().size() == 1);
  CHECK(store.used().value == 100'000);
  CHECK(files_in(directory.path(), "layers").size() == 2);
}

TEST_CASE("what cannot fit is refused without evicting anything") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{100'000}, nullptr});
  REQUIRE(put(store, layer_bytes));
  CHECK(store.reserve(digest_of_bytes(bytes_of("a")), {100'001}).error().kind == ErrorKind::no_space);
  const auto other = store.reserve(digest_of_bytes(bytes_of("b")), {60'000}).value();
  CHECK(store.reserve(digest_of_bytes(bytes_of("c")), {50'000}).error().kind == ErrorKind::no_space);
  CHECK(store.reserve(digest_of_bytes(bytes_of("d")), {largest_layer.value + 1}).error().kind == ErrorKind::refused);
  CHECK(store.find(layer_digest));
}

TEST_CASE("a layer whose files were taken away is forgotten and can be kept again") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  REQUIRE(put(store, layer_bytes));
  std::filesystem::resize_file(directory.path() + "/" + files_in(directory.path(), "layers")[0], 39'999);
  CHECK_FALSE(store.find(layer_digest));
  CHECK(store.used().value == 0);
  CHECK(files_in(directory.path(), "layers").empty());
  REQUIRE(put(store, layer_bytes));
  CHECK(store.find(layer_digest));
}

TEST_CASE("no file of the store is handed to a program that is started") {
  TemporaryDirectory directory;
  Store store({directory.path(), 1_MiB, nullptr});
  const auto held = put(store, layer_bytes).value();
  const auto found = store.find(layer_digest);
  const auto reserved = store.reserve(digest_of_bytes(bytes_of("other")), {5}).value();
  int of_store = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (gone || !target.starts_with(directory.path())) continue;
    ++of_store;
    CHECK((::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(of_store == 4);  // root, lock, the layer, one reserved
}

TEST_CASE("commits on another thread and the loop's own work do not disturb each other") {
  TemporaryDirectory directory;
  Store store({directory.path(), ByteCount{400'000}, nullptr});
  for (unsigned round = 0; round < 10; ++round) {
    const Bytes bytes = made_bytes(30'000, round);
    auto reserved = std::optional(store.reserve(digest_of_bytes(bytes), {bytes.size()}).value());
    std::optional<Result<Committed>> committed;
    std::thread worker([&] {
      if (round % 3 == 2) return reserved.reset();  // the last copy is dropped over there
      committed.emplace(Store::write_small(*reserved, bytes, ""));
    });
    for (unsigned seed = 100; seed < 110; ++seed) REQUIRE(put(store, made_bytes(50'000, seed)));
    worker.join();
    if (committed) CHECK(all_bytes(store.adopt(std::move(committed->value()))) == bytes);
  }
  CHECK(store.reserved().value == 0);
  CHECK(store.used().value <= 400'000);
  CHECK(files_in(directory.path(), "tmp").empty());
}
