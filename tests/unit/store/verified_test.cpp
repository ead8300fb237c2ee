#include "shared/store/verified.hpp"

#include <catch2/catch.hpp>

#include "layers.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

constexpr std::uint64_t piece_bytes = 16384;

struct Filling {
  TemporaryDirectory directory;
  Store store{Options{directory.path(), 10_MiB, nullptr}};
  Bytes bytes;
  Digest digest;
  FileHandle file;
  PartialLayer partial;

  explicit Filling(std::size_t size)
      : bytes(made_bytes(size)),
        digest(digest_of_bytes(bytes)),
        file(store.reserve(digest, {size}).value().file()),
        partial(file) {}

  bool write(PieceIndex piece) {
    const PieceLayout& layout = file->layout();
    const ByteView part = ByteView(bytes).subspan(layout.offset(piece), layout.length(piece));
    return partial.note(file->write(PieceHashes::of_origin(layout, piece, part)).value());
  }

  VerifiedLayer verified() {
    LayerVerifier verifier(digest, file);
    REQUIRE(verifier.advance(bytes.size()));
    return verifier.finish().value();
  }
};

}  // namespace

TEST_CASE("written pieces are handed over in order as they become contiguous") {
  Filling layer(3 * piece_bytes + 5);
  CHECK(layer.partial.readable(0).length() == 0);
  CHECK(layer.write(1));
  CHECK(layer.partial.contiguous_bytes() == 0);
  CHECK(layer.partial.readable(0).length() == 0);
  CHECK(layer.write(0));
  CHECK(layer.partial.contiguous_bytes() == 2 * piece_bytes);
  CHECK(layer.partial.readable(0).length() == 2 * piece_bytes);
  CHECK(layer.partial.readable(100).offset() == 100);
  CHECK(layer.partial.readable(100).length() == 2 * piece_bytes - 100);
  CHECK(layer.partial.readable(2 * piece_bytes).length() == 0);
}

TEST_CASE("each piece is written once, and other bytes in its place are refused") {
  Filling layer(2 * piece_bytes);
  REQUIRE(layer.write(0));
  const ByteView first = ByteView(layer.bytes).first(piece_bytes);
  const PieceLayout& layout = layer.file->layout();
  REQUIRE(layer.file->write(PieceHashes::of_origin(layout, 0, first)));

  const Bytes others(piece_bytes, std::byte{7});
  const auto refused = layer.file->write(PieceHashes::of_origin(layout, 0, others));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::corrupt);
  CHECK(layer.file->read(0).value() == copy_of(first));
  CHECK(layer.file->write(PieceHashes::of_origin(layout, 1, others)));  // nothing was there
}

TEST_CASE("a piece that was found in the file is not written over") {
  Filling layer(2 * piece_bytes);
  const Hash256 hash = sha256(Bytes(piece_bytes));  // the reserved file is one hole: zeros
  REQUIRE(layer.file->recheck(1, hash));
  const Bytes others(piece_bytes, std::byte{7});
  CHECK_FALSE(layer.file->write(PieceHashes::of_origin(layer.file->layout(), 1, others)));
}

TEST_CASE("the last piece is held back until the whole layer's digest has matched") {
  Filling layer(2 * piece_bytes + 5);
  for (const PieceIndex piece : {0U, 1U, 2U}) CHECK(layer.write(piece));
  CHECK(layer.partial.complete());
  CHECK(layer.partial.contiguous_bytes() == 2 * piece_bytes + 5);
  CHECK(layer.partial.readable(0).length() == 2 * piece_bytes);
  CHECK(layer.partial.readable(2 * piece_bytes).length() == 0);
  layer.partial.release_tail(layer.verified());
  CHECK(layer.partial.readable(0).length() == 2 * piece_bytes + 5);
  CHECK(layer.partial.readable(2 * piece_bytes).length() == 5);
  CHECK(layer.partial.readable(2 * piece_bytes + 5).length() == 0);
  CHECK(layer.partial.readable(1'000'000).length() == 0);
}

TEST_CASE("a layer of one piece is held back whole") {
  Filling layer(100);
  CHECK(layer.write(0));
  CHECK(layer.partial.readable(0).length() == 0);
  layer.partial.release_tail(layer.verified());
  CHECK(layer.partial.readable(0).length() == 100);
}

TEST_CASE("a piece that comes twice is noted once, and each keeps its hash") {
  Filling layer(2 * piece_bytes);
  CHECK(layer.write(1));
  CHECK_FALSE(layer.write(1));
  CHECK(layer.partial.written().held() == 1);
  CHECK(layer.partial.hashes()[0] == Hash256{});
  CHECK(layer.partial.hashes()[1] == sha256(ByteView(layer.bytes).last(piece_bytes)));
}

TEST_CASE("a piece is read back as it was written") {
  Filling layer(piece_bytes + 3);
  CHECK(layer.write(1));
  CHECK(layer.file->read(1).value() == Bytes(layer.bytes.end() - 3, layer.bytes.end()));
}

TEST_CASE("reading behind the end of a file is corrupt") {
  Filling layer(10);
  Bytes out(11);
  CHECK(layer.file->read_at(0, out).error().kind == ErrorKind::corrupt);
}

TEST_CASE("the verifier follows the growing prefix and judges at the end") {
  Filling layer(3 * piece_bytes);
  LayerVerifier verifier(layer.digest, layer.file);
  for (PieceIndex piece = 0; piece < 3; ++piece) {
    CHECK(layer.write(piece));
    REQUIRE(verifier.advance(layer.partial.contiguous_bytes()));
    CHECK(verifier.position() == layer.partial.contiguous_bytes());
  }
  REQUIRE(verifier.advance(piece_bytes));  // behind it already: nothing to do
  CHECK(verifier.finish().value().digest() == layer.digest);
}

TEST_CASE("a layer whose bytes are not what its digest says is corrupt") {
  Filling layer(2 * piece_bytes);
  for (const PieceIndex piece : {0U, 1U}) CHECK(layer.write(piece));
  LayerVerifier verifier(digest_of_bytes(bytes_of("another")), layer.file);
  REQUIRE(verifier.advance(2 * piece_bytes));
  CHECK(verifier.finish().error().kind == ErrorKind::corrupt);
}
