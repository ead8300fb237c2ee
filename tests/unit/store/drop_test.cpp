// A layer whose bytes proved wrong, or cannot be read, is dropped: also on a disk that cannot be written any more.
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

// A disk that deletes nothing while it is told to refuse.
struct UndeletingDisk final : Faults {
  int next(const char* operation) override {
    return refuses_to_delete && std::string_view(operation) == "remove" ? EROFS : 0;
  }
  bool refuses_to_delete = false;
};

const Bytes layer_bytes = made_bytes(40'000, 1);
const Bytes other_bytes = made_bytes(40'000, 2);
const Digest layer_digest = digest_of_bytes(layer_bytes);
const Digest other_digest = digest_of_bytes(other_bytes);

struct Fixture {
  explicit Fixture(ByteCount capacity) : store({directory.path(), capacity, &disk}) {
    REQUIRE(put(store, layer_bytes));
  }
  bool drop() {
    const auto layer = store.find(layer_digest);
    REQUIRE(layer);
    return store.drop(layer_digest, *layer->file());
  }
  // Its files stay.
  void drop_undeletable() {
    disk.refuses_to_delete = true;
    REQUIRE(drop());
    disk.refuses_to_delete = false;
  }
  void rot() const {
    const std::string path = directory.path() + "/" + files_in(directory.path(), "layers")[0];
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(12'345);
    file << "rot";
  }
  bool holds_right_bytes(const Digest& digest, const Bytes& bytes) {
    const auto found = store.find(digest);
    return found && all_bytes(*found) == bytes;
  }

  TemporaryDirectory directory;
  UndeletingDisk disk;
  Store store;
};

}  // namespace

TEST_CASE("a layer that proved wrong on the disk is forgotten and removed") {
  Fixture f(1_MiB);
  CHECK(f.drop());
  CHECK_FALSE(f.store.find(layer_digest));
  CHECK(f.store.used().value == 0);
  CHECK(files_in(f.directory.path(), "layers").empty());
}

TEST_CASE("a layer that is dropped twice goes once") {
  Fixture f(1_MiB);
  const auto layer = f.store.find(layer_digest);
  CHECK(f.store.drop(layer_digest, *layer->file()));
  CHECK_FALSE(f.store.drop(layer_digest, *layer->file()));
  CHECK(all_bytes(*layer) == layer_bytes);  // its reader keeps it
}

TEST_CASE("a dropped layer whose files cannot be removed is held no longer, and its bytes count") {
  Fixture f(1_MiB);
  f.disk.refuses_to_delete = true;
  CHECK(f.drop());
  CHECK_FALSE(f.store.find(layer_digest));
  CHECK_FALSE(f.store.look(layer_digest));
  CHECK_FALSE(f.store.holds(layer_digest));
  CHECK(f.store.digests().empty());
  CHECK(f.store.used().value == 40'000);
  CHECK(files_in(f.directory.path(), "layers").size() == 2);
}

TEST_CASE("a dropped layer whose files stayed comes anew, with its own bytes, and counts once") {
  Fixture f(1_MiB);
  f.rot();
  f.drop_undeletable();
  REQUIRE(put(f.store, layer_bytes));
  CHECK(f.store.holds(layer_digest));
  CHECK(f.store.digests() == std::vector{layer_digest});
  CHECK(f.store.used().value == 40'000);
  CHECK(f.store.reserved().value == 0);
  CHECK(f.holds_right_bytes(layer_digest, layer_bytes));
  CHECK(files_in(f.directory.path(), "layers").size() == 2);
}

TEST_CASE("files that could not be removed go with a later eviction, once they can be") {
  Fixture f({50'000});
  std::vector<Digest> gone;
  f.store.ask_before_evicting([](const Digest&) { return true; },
                              [&](const Digest& digest) { gone.push_back(digest); });
  f.disk.refuses_to_delete = true;
  REQUIRE(f.drop());
  CHECK(put(f.store, other_bytes).error().kind == ErrorKind::no_space);
  CHECK(f.store.used().value == 40'000);
  f.disk.refuses_to_delete = false;
  REQUIRE(put(f.store, other_bytes));
  CHECK(f.store.digests() == std::vector{other_digest});
  CHECK(f.store.used().value == 40'000);
  CHECK(files_in(f.directory.path(), "layers").size() == 2);
  CHECK(gone.empty());  // the caller that dropped it knows
}

TEST_CASE("files that stayed make room for the layer itself") {
  Fixture f({50'000});
  f.drop_undeletable();
  REQUIRE(put(f.store, layer_bytes));
  CHECK(f.holds_right_bytes(layer_digest, layer_bytes));
  CHECK(f.store.used().value == 40'000);
}

TEST_CASE("a layer that comes anew keeps its names while another makes room with what had stayed") {
  Fixture f({100'000});
  f.drop_undeletable();
  const auto reserved = f.store.reserve(layer_digest, {layer_bytes.size()}).value();
  auto committed = Store::write_small(reserved, layer_bytes, "");
  REQUIRE(committed);
  const bool has_room = put(f.store, other_bytes).has_value();
  f.store.adopt(std::move(*committed));
  CHECK(f.holds_right_bytes(layer_digest, layer_bytes));
  CHECK(f.store.used().value == (has_room ? 80'000 : 40'000));
  CHECK(f.store.reserved().value == 0);
}

TEST_CASE("the file of an earlier copy drops nothing") {
  Fixture f(1_MiB);
  const auto earlier = f.store.find(layer_digest)->file();
  REQUIRE(f.store.drop(layer_digest, *earlier));
  REQUIRE(put(f.store, layer_bytes));
  CHECK_FALSE(f.store.drop(layer_digest, *earlier));
  CHECK(f.store.used().value == 40'000);
  CHECK(f.holds_right_bytes(layer_digest, layer_bytes));
}

TEST_CASE("a file that was opened apart is still the layer's") {
  Fixture f(1_MiB);
  const auto before = f.store.find(layer_digest)->file();  // its reader has gone, and the next one opens it again
  CHECK(f.store.find(layer_digest)->file() != before);
  CHECK(f.store.drop(layer_digest, *before));
  CHECK_FALSE(f.store.holds(layer_digest));
}

TEST_CASE("a layer that is not held is not dropped") {
  Fixture f(1_MiB);
  CHECK_FALSE(f.store.drop(other_digest, *f.store.find(layer_digest)->file()));
  CHECK(f.store.holds(layer_digest));
}
