// Partial layers: the pieces that a pull leaves, and how a later one resumes from those that prove right.
#include <catch2/catch.hpp>
#include <fstream>

#include "layers.hpp"
#include "tests/doubles/failing_operation.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;
namespace fs = std::filesystem;

namespace {

const Bytes layer_bytes = made_bytes(400'000);  // 25 pieces of 16 KiB, the last one shorter
const Digest layer_digest = digest_of_bytes(layer_bytes);
const PieceLayout layout(ByteCount{400'000});
constexpr PieceIndex pieces = 25;

Options options_of(const TemporaryDirectory& directory, Faults* faults = nullptr) {
  return {directory.path(), 1_MiB, faults};
}

Reserved reserve(Store& store) {
  return store.reserve(layer_digest, {layer_bytes.size()}).value();
}

Result<void> write_some(PieceFile& file, PieceIndex first, PieceIndex end) {
  for (PieceIndex piece = first; piece < end; ++piece) {
    const auto bytes = ByteView(layer_bytes).subspan(layout.offset(piece), layout.length(piece));
    const auto written = file.write(PieceHashes::of_origin(layout, piece, bytes));
    if (!written) return tl::unexpected(written.error());
  }
  return {};
}

// A pull that ends after some pieces.
void leave_pieces(Store& store, PieceIndex first, PieceIndex end) {
  const Reserved reserved = reserve(store);
  REQUIRE(write_some(*reserved.file(), first, end));
}

// What of the record proves true.
std::vector<PieceIndex> rechecked(const Reserved& reserved) {
  std::vector<PieceIndex> right;
  const auto left = reserved.left().value();
  for (const auto& [piece, hash] : left) {
    if (reserved.file()->recheck(piece, hash)) right.push_back(piece);
  }
  return right;
}

std::string partial_file(const TemporaryDirectory& directory) {
  return directory.path() + "/partial/sha256-" + layer_digest.hex();
}

void check_can_be_kept(Store& store) {
  const auto held = put(store, layer_bytes);
  REQUIRE(held);
  CHECK(all_bytes(*held) == layer_bytes);
}

}  // namespace

TEST_CASE("a pull that ends leaves its pieces, and the next one resumes from them") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  leave_pieces(store, 3, 10);
  CHECK(store.reserved().value == 0);
  CHECK(store.partial().value == 400'000);
  const Reserved again = reserve(store);
  CHECK(store.reserved().value == 400'000);
  CHECK(store.partial().value == 0);
  CHECK(rechecked(again) == std::vector<PieceIndex>{3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a partial layer is resumed after a restart, and after a process that was killed") {
  TemporaryDirectory directory;
  TemporaryDirectory copy;
  {
    Store store(options_of(directory));
    const Reserved reserved = reserve(store);
    REQUIRE(write_some(*reserved.file(), 0, 5));
    fs::copy(directory.path(), copy.path(), fs::copy_options::recursive);  // as it stands in the middle of a pull
  }
  for (const TemporaryDirectory* place : {&directory, &copy}) {
    Store store(options_of(*place));
    CHECK(store.partial().value == 400'000);
    const Reserved again = reserve(store);
    CHECK(rechecked(again) == std::vector<PieceIndex>{0, 1, 2, 3, 4});
    REQUIRE(write_some(*again.file(), 5, pieces));
    LayerVerifier verifier(layer_digest, again.file());
    REQUIRE(verifier.advance(layer_bytes.size()));
    auto committed = Store::commit(again, verifier.finish().value(), side_of(layer_digest, layer_bytes));
    CHECK(all_bytes(store.adopt(std::move(committed.value()))) == layer_bytes);
    CHECK(files_in(place->path(), "partial").empty());
  }
}

TEST_CASE("a piece that the disk forgot, though the record has it, does not count") {
  TemporaryDirectory directory;
  {
    Store store(options_of(directory));
    leave_pieces(store, 0, 5);
  }
  std::fstream file(partial_file(directory), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * (16 << 10) + 7);
  file << "power";
  file.close();
  Store store(options_of(directory));
  CHECK(rechecked(reserve(store)) == std::vector<PieceIndex>{0, 1, 3, 4});
}

TEST_CASE("bytes that proved wrong are not left to a later pull") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  {
    const Reserved reserved = reserve(store);
    REQUIRE(write_some(*reserved.file(), 0, pieces));
    reserved.discard();
  }
  CHECK(store.partial().value == 0);
  CHECK(files_in(directory.path(), "partial").empty());
  CHECK(reserve(store).left()->empty());
}

TEST_CASE("a pull without a single piece leaves nothing") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  reserve(store);
  CHECK(files_in(directory.path(), "partial").empty());
  CHECK(store.partial().value == 0);
}

TEST_CASE("pieces of another generation are forgotten") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  leave_pieces(store, 0, 5);
  const Reserved again = reserve(store);
  CHECK(again.left_generation() == 0);
  REQUIRE(again.start_generation(0));
  CHECK(again.left()->size() == 5);
  REQUIRE(again.start_generation(1));
  CHECK(again.left()->empty());
  CHECK(again.left_generation() == 1);
}

TEST_CASE("a partial layer of another size is replaced") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  leave_pieces(store, 0, 5);
  const auto other = store.reserve(layer_digest, {300'000}).value();
  CHECK(other.left()->empty());
  CHECK(store.partial().value == 0);
  CHECK(store.reserved().value == 300'000);
}

TEST_CASE("partial layers make room before any held layer does") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  REQUIRE(put(store, made_bytes(500'000, 2)));
  leave_pieces(store, 0, 5);
  REQUIRE(put(store, made_bytes(500'000, 3)));
  CHECK(store.digests().size() == 2);
  CHECK(store.partial().value == 0);
  CHECK(files_in(directory.path(), "partial").empty());
}

TEST_CASE("what does not fit together in partial/ is removed at the start") {
  TemporaryDirectory directory;
  {
    Store store(options_of(directory));
    leave_pieces(store, 0, 5);
  }
  const std::string data = partial_file(directory);
  const std::string record = data + ".pieces";
  SECTION("a record without its layer") {
    fs::remove(data);
  }
  SECTION("a layer without its record") {
    fs::remove(record);
  }
  SECTION("a record that is cut") {
    fs::resize_file(record, 100);
  }
  SECTION("a record without a piece") {
    fs::resize_file(record, 256);
  }
  SECTION("a layer of another size") {
    fs::resize_file(data, 399'999);
  }
  SECTION("another layer's name") {
    const std::string other = directory.path() + "/partial/sha256-" + digest_of_bytes({}).hex();
    fs::rename(data, other);
    fs::rename(record, other + ".pieces");
  }
  SECTION("unknown files") {
    fs::remove(data);
    fs::remove(record);
    std::ofstream(directory.path() + "/partial/notes") << "text";
    fs::create_directories(directory.path() + "/partial/sub/sub");
  }
  Store store(options_of(directory));
  CHECK(store.partial().value == 0);
  CHECK(fs::is_empty(directory.path() + "/partial"));
  CHECK(put(store, layer_bytes));
}

TEST_CASE("a large layer whose name could not be made durable leaves nothing behind") {
  TemporaryDirectory directory;
  FailingOperation faults;
  for (int n = 1;; ++n) {
    Store store(options_of(directory, &faults));
    const Reserved reserved = reserve(store);
    REQUIRE(write_some(*reserved.file(), 0, pieces));
    LayerVerifier verifier(layer_digest, reserved.file());
    REQUIRE(verifier.advance(layer_bytes.size()));
    const auto proof = verifier.finish().value();
    faults.fail(n, EIO);
    const auto committed = Store::commit(reserved, proof, side_of(layer_digest, layer_bytes));
    faults.stop();
    if (faults.failed().empty()) break;
    CAPTURE(n, faults.failed());
    REQUIRE(n < 30);
    // In a process that ends now, as far as the disk can tell.
    if (!committed) CHECK(files_in(directory.path(), "layers").size() <= 2);
  }
  Store store(options_of(directory));
  for (const std::string& file : files_in(directory.path(), "partial")) {
    CHECK(fs::exists(directory.path() + "/" + file.substr(0, file.find(".pieces"))));
  }
}

TEST_CASE("pieces that came from an origin directly serve no swarm") {
  TemporaryDirectory directory;
  Store store(options_of(directory));
  {
    const Reserved reserved = reserve(store);
    REQUIRE(write_some(*reserved.file(), 0, 3));
    REQUIRE(reserved.leave_generations());
    REQUIRE(write_some(*reserved.file(), 3, 5));
  }
  const Reserved again = reserve(store);
  CHECK(again.left()->size() == 5);
  REQUIRE(again.start_generation(0));
  CHECK(again.left()->empty());
}

TEST_CASE("whichever operation fails while a partial layer is left and resumed, the layer comes out right") {
  for (const int error_number : {EIO, ENOSPC}) {
    for (int n = 1;; ++n) {
      TemporaryDirectory directory;
      FailingOperation faults;
      Store store(options_of(directory, &faults));
      faults.fail(n, error_number);
      {
        const auto reserved = store.reserve(layer_digest, {layer_bytes.size()});
        if (reserved) static_cast<void>(write_some(*reserved->file(), 0, 5));
      }
      {
        const auto again = store.reserve(layer_digest, {layer_bytes.size()});
        const auto left = again ? again->left() : std::vector<NotedPiece>();
        if (left) {
          for (const auto& [piece, hash] : *left) {
            if (again->file()->recheck(piece, hash)) CHECK(piece < 5);
          }
        }
      }
      faults.stop();
      CAPTURE(n, faults.failed());
      CHECK(store.reserved().value == 0);
      check_can_be_kept(store);
      CHECK(store.reserved().value == 0);
      CHECK(store.partial().value == 0);
      CHECK(files_in(directory.path(), "tmp").empty());
      CHECK(files_in(directory.path(), "partial").empty());
      if (faults.failed().empty()) break;
      REQUIRE(n < 100);
    }
  }
}

TEST_CASE("pieces that are left are known to be of a registry when they all came from it, and nothing of another one's is") {
  TemporaryDirectory directory;
  const auto pull_from = [&](const std::string& registry, PieceIndex first, PieceIndex end) {
    Store store(options_of(directory));
    const Reserved reserved = reserve(store);
    reserved.note_source(registry);
    REQUIRE(write_some(*reserved.file(), first, end));
  };
  const auto are_left_of = [&](const std::string& registry) {
    Store store(options_of(directory));
    return reserve(store).is_left_of(registry);
  };
  pull_from("good", 0, 3);
  CHECK(are_left_of("good"));
  CHECK_FALSE(are_left_of("evil"));
  pull_from("good", 3, 5);
  CHECK(are_left_of("good"));
  SECTION("another one sends some") { pull_from("evil", 5, 6); }
  SECTION("one that nobody knows sends some") { pull_from("", 5, 6); }
  CHECK_FALSE(are_left_of("good"));
  CHECK_FALSE(are_left_of("evil"));
  pull_from("good", 6, 7);
  CHECK_FALSE(are_left_of("good"));
}
