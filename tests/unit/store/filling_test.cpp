#include "shared/store/filling.hpp"

#include <catch2/catch.hpp>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

constexpr std::size_t piece_bytes = 16384;

struct Layer {
  explicit Layer(std::size_t size) : bytes(made_bytes(size)) {}
  Reserved reserve() { return store.reserve(digest, {bytes.size()}).value(); }
  ByteView piece(PieceIndex index) const {
    const PieceLayout layout(ByteCount{bytes.size()});
    return ByteView(bytes).subspan(layout.offset(index), layout.length(index));
  }
  Hash256 hash(PieceIndex index) const { return sha256(piece(index)); }

  TemporaryDirectory directory;
  Store store{Options{directory.path(), 10_MiB, nullptr}};
  Bytes bytes;
  Digest digest = digest_of_bytes(bytes);
};

Bytes content_of(const PieceFile& file) {
  Bytes bytes(file.layout().layer_size().value);
  REQUIRE(file.read_at(0, bytes));
  return bytes;
}

// Of what `take` or `recheck` returned.
std::vector<PieceIndex> indices(const Result<std::vector<WrittenPiece>>& pieces) {
  REQUIRE(pieces);
  std::vector<PieceIndex> list;
  for (const WrittenPiece& piece : *pieces) list.push_back(piece.index());
  return list;
}

// The first pieces of the layer, in the file of a pull that has ended.
void leave_pieces(Layer& layer, PieceIndex count) {
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  REQUIRE(filling.take(ByteView(layer.bytes).first(count * piece_bytes)));
}

}  // namespace

TEST_CASE("however a layer's bytes are cut on their way, its file has them and the digest matches") {
  const std::size_t step = GENERATE(std::size_t{1000}, piece_bytes, std::size_t{50'000}, std::size_t{200'000});
  Layer layer(5 * piece_bytes + 7);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  std::vector<PieceIndex> pieces;
  for (std::size_t at = 0; at < layer.bytes.size(); at += step) {
    const auto taken = filling.take(ByteView(layer.bytes).subspan(at, std::min(step, layer.bytes.size() - at)));
    for (const PieceIndex piece : indices(taken)) pieces.push_back(piece);
  }
  CHECK(pieces == std::vector<PieceIndex>{0, 1, 2, 3, 4, 5});
  CHECK(filling.position() == layer.bytes.size());
  CHECK(filling.hashes() == side_of(layer.digest, layer.bytes).hashes);
  CHECK(content_of(*reserved.file()) == layer.bytes);
  CHECK(filling.finish().value().digest() == layer.digest);
}

TEST_CASE("a piece counts once it is whole, the last one at the end of the layer") {
  Layer layer(piece_bytes + 10);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  CHECK(indices(filling.take(ByteView(layer.bytes).first(piece_bytes - 1))).empty());
  CHECK(filling.position() == 0);
  CHECK(indices(filling.take(ByteView(layer.bytes).subspan(piece_bytes - 1, 10))) == std::vector<PieceIndex>{0});
  CHECK(filling.position() == piece_bytes);
  CHECK(indices(filling.take(ByteView(layer.bytes).last(1))) == std::vector<PieceIndex>{1});
  CHECK(filling.finish());
}

TEST_CASE("a layer without a byte is filled by nothing") {
  Layer layer(0);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  CHECK(filling.position() == 0);
  CHECK(filling.finish());
}

TEST_CASE("bytes that are not what the digest says end as corrupt") {
  Layer layer(2 * piece_bytes);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  REQUIRE(filling.take(made_bytes(2 * piece_bytes, 2)));
  CHECK(filling.finish().error().kind == ErrorKind::corrupt);
}

TEST_CASE("bytes beyond the end of a layer are refused as corrupt") {
  Layer layer(piece_bytes);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  REQUIRE(filling.take(layer.bytes));
  CHECK(filling.take(bytes_of("x")).error().kind == ErrorKind::corrupt);
}

TEST_CASE("a filling goes on behind the pieces that an earlier one left") {
  Layer layer(20 * piece_bytes);
  leave_pieces(layer, 3);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  CHECK(indices(filling.recheck(reserved.left().value())) == std::vector<PieceIndex>{0, 1, 2});
  CHECK(filling.position() == 3 * piece_bytes);
  CHECK(filling.take(ByteView(layer.bytes).subspan(3 * piece_bytes)).value().size() == 17);
  CHECK(filling.hashes() == side_of(layer.digest, layer.bytes).hashes);
  CHECK(filling.finish());
}

TEST_CASE("noted pieces are rechecked in several steps") {
  Layer layer(20 * piece_bytes);
  leave_pieces(layer, 3);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  const auto noted = reserved.left().value();
  CHECK(indices(filling.recheck(std::span(noted).first(2))) == std::vector<PieceIndex>{0, 1});
  CHECK(indices(filling.recheck(std::span(noted).last(1))) == std::vector<PieceIndex>{2});
}

TEST_CASE("a noted piece counts for a filling only behind all before it, and as its record says") {
  Layer layer(20 * piece_bytes);
  leave_pieces(layer, 4);
  const Reserved reserved = layer.reserve();
  Filling filling(layer.digest, reserved.file());
  auto noted = reserved.left().value();
  SECTION("after a gap") {
    noted.erase(noted.begin() + 1);
  }
  SECTION("after one that the file has otherwise") {
    noted[1].second = Hash256{};
  }
  CHECK(indices(filling.recheck(noted)) == std::vector<PieceIndex>{0});
  CHECK(filling.position() == piece_bytes);
  REQUIRE(filling.take(ByteView(layer.bytes).subspan(piece_bytes)));
  CHECK(filling.finish());
}

TEST_CASE("of noted pieces all that the file has as noted are right, in any order and with gaps") {
  Layer layer(20 * piece_bytes);
  leave_pieces(layer, 5);
  const Reserved reserved = layer.reserve();
  const std::vector<NotedPiece> noted{{4, layer.hash(4)}, {1, layer.hash(1)}, {2, Hash256{}}, {3, layer.hash(3)}};
  CHECK(indices(recheck(*reserved.file(), noted)) == std::vector<PieceIndex>{4, 1, 3});
}

TEST_CASE("an intake begins at any piece") {
  Layer layer(4 * piece_bytes);
  const Reserved reserved = layer.reserve();
  PieceIntake intake(reserved.file(), 2);
  const auto taken = intake.take(ByteView(layer.bytes).subspan(2 * piece_bytes));
  CHECK(indices(taken) == std::vector<PieceIndex>{2, 3});
  CHECK(taken->front().hash() == layer.hash(2));
  CHECK(intake.next() == 4);
}

TEST_CASE("an intake leaves the pieces that came meanwhile as they are, and tells of them") {
  Layer layer(3 * piece_bytes);
  const Reserved reserved = layer.reserve();
  PieceIntake intake(reserved.file());
  const Bytes other = made_bytes(piece_bytes, 2);  // a swarm may have been wrong: the layer's digest judges later
  REQUIRE(reserved.file()->write(PieceHashes::of_origin(reserved.file()->layout(), 1, other)));
  const auto taken = intake.take(layer.bytes);
  CHECK(indices(taken) == std::vector<PieceIndex>{0, 1, 2});
  CHECK((*taken)[1].hash() == sha256(other));
  CHECK(reserved.file()->read(1).value() == other);
  CHECK(reserved.file()->read(2).value() == copy_of(layer.piece(2)));
}

TEST_CASE("a file knows which of its pieces were written or rechecked") {
  Layer layer(20 * piece_bytes);
  leave_pieces(layer, 2);
  const Reserved reserved = layer.reserve();
  PieceFile& file = *reserved.file();
  CHECK_FALSE(file.find(0));
  REQUIRE(file.recheck(1, layer.hash(1)));
  REQUIRE(file.write(PieceHashes::of_origin(file.layout(), 2, layer.piece(2))));
  CHECK_FALSE(file.find(0));
  CHECK(file.find(1)->hash() == layer.hash(1));
  CHECK(file.find(2)->hash() == layer.hash(2));
}
