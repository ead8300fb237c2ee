#include "shared/layer/piece_hashes.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

const SigningKey tracker_key = SigningKey::generate();
const PieceLayout three_pieces(ByteCount{2 * 16384 + 100});
const SwarmName swarm{{std::byte{1}}};

Bytes piece_bytes(PieceIndex piece) {
  return Bytes(three_pieces.length(piece), static_cast<std::byte>('a' + piece));
}

std::vector<Hash256> hashes_of(PieceIndex first, PieceIndex count) {
  std::vector<Hash256> hashes;
  for (PieceIndex piece = first; piece < first + count; ++piece) hashes.push_back(sha256(piece_bytes(piece)));
  return hashes;
}

HashBatch batch_of_pieces(PieceIndex first, PieceIndex count) {
  return sign_batch(tracker_key, swarm, first, hashes_of(first, count));
}

bool is_refused(PieceHashes& hashes, const HashBatch& batch) {
  const auto added = hashes.add(batch, swarm, tracker_key.public_key());
  return !added && added.error().kind == ErrorKind::corrupt;
}

}  // namespace

TEST_CASE("a piece is verified against the hash that the tracker signed") {
  PieceHashes hashes(three_pieces);
  CHECK(hashes.verify(1, piece_bytes(1)).error().kind == ErrorKind::unavailable);
  REQUIRE(hashes.add(batch_of_pieces(1, 2), swarm, tracker_key.public_key()));
  CHECK_FALSE(hashes.knows(0));
  CHECK(hashes.knows(2));
  const Bytes bytes = piece_bytes(1);
  const auto verified = hashes.verify(1, bytes);
  REQUIRE(verified);
  CHECK(verified->index() == 1);
  CHECK(verified->bytes().data() == bytes.data());
  CHECK(verified->hash() == sha256(bytes));
}

TEST_CASE("wrong, short and long bytes of a piece are corrupt") {
  PieceHashes hashes(three_pieces);
  REQUIRE(hashes.add(batch_of_pieces(0, 3), swarm, tracker_key.public_key()));
  Bytes bytes = piece_bytes(2);
  CHECK(hashes.verify(2, ByteView(bytes).first(99)).error().kind == ErrorKind::corrupt);
  CHECK(hashes.verify(2, {}).error().kind == ErrorKind::corrupt);
  CHECK(hashes.verify(1, bytes).error().kind == ErrorKind::corrupt);
  bytes[50] ^= std::byte{1};
  CHECK(hashes.verify(2, bytes).error().kind == ErrorKind::corrupt);
  bytes[50] ^= std::byte{1};
  CHECK(hashes.verify(2, bytes));
  bytes.push_back(std::byte{0});
  CHECK(hashes.verify(2, bytes).error().kind == ErrorKind::corrupt);
}

TEST_CASE("a batch that the tracker did not sign changes nothing") {
  PieceHashes hashes(three_pieces);
  HashBatch forged = sign_batch(SigningKey::generate(), swarm, 0, hashes_of(0, 3));
  CHECK(is_refused(hashes, forged));
  HashBatch moved = batch_of_pieces(0, 1);
  moved.first = 1;
  CHECK(is_refused(hashes, moved));
  HashBatch altered = batch_of_pieces(0, 3);
  altered.hashes[1][0] ^= std::byte{1};
  CHECK(is_refused(hashes, altered));
  HashBatch shortened = batch_of_pieces(0, 3);
  shortened.hashes.pop_back();
  CHECK(is_refused(hashes, shortened));
  CHECK(is_refused(hashes, sign_batch(tracker_key, SwarmName{{std::byte{2}}}, 0, hashes_of(0, 3))));
  for (PieceIndex piece = 0; piece < 3; ++piece) CHECK_FALSE(hashes.knows(piece));
}

TEST_CASE("a batch outside the layer is corrupt, however it is signed") {
  PieceHashes hashes(three_pieces);
  CHECK(is_refused(hashes, sign_batch(tracker_key, swarm, 3, hashes_of(0, 1))));
  CHECK(is_refused(hashes, sign_batch(tracker_key, swarm, 2, hashes_of(0, 2))));
  CHECK(is_refused(hashes, sign_batch(tracker_key, swarm, 0xffffffff, hashes_of(0, 2))));
  CHECK(is_refused(hashes, HashBatch{}));
  HashBatch too_long;
  too_long.hashes.resize(largest_batch + 1);
  PieceHashes of_long_layer(PieceLayout(64_MiB));
  CHECK(is_refused(of_long_layer, too_long));
  PieceHashes of_empty_layer(PieceLayout(ByteCount{0}));
  CHECK(of_empty_layer.complete());
  CHECK(is_refused(of_empty_layer, sign_batch(tracker_key, swarm, 0, hashes_of(0, 1))));
}

TEST_CASE("two different hashes for one piece are corrupt and the first stays") {
  PieceHashes hashes(three_pieces);
  REQUIRE(hashes.add(batch_of_pieces(0, 2), swarm, tracker_key.public_key()));
  auto conflicting = hashes_of(1, 2);
  conflicting[0][0] ^= std::byte{1};
  CHECK(is_refused(hashes, sign_batch(tracker_key, swarm, 1, conflicting)));
  CHECK_FALSE(hashes.knows(2));
  CHECK(hashes.verify(1, piece_bytes(1)));
}

TEST_CASE("batches may overlap, and each piece names one that holds it, to pass on") {
  PieceHashes hashes(three_pieces);
  CHECK(hashes.batch_of(0) == nullptr);
  REQUIRE(hashes.add(batch_of_pieces(0, 2), swarm, tracker_key.public_key()));
  REQUIRE(hashes.add(batch_of_pieces(1, 2), swarm, tracker_key.public_key()));
  REQUIRE(hashes.add(batch_of_pieces(0, 2), swarm, tracker_key.public_key()));
  CHECK(hashes.complete());
  CHECK(*hashes.batch_of(1) == batch_of_pieces(0, 2));
  CHECK(*hashes.batch_of(2) == batch_of_pieces(1, 2));
  CHECK(hashes.all() == hashes_of(0, 3));
  PieceHashes another(three_pieces);
  CHECK(another.add(*hashes.batch_of(2), swarm, tracker_key.public_key()));
}

TEST_CASE("a piece from the origin is hashed as it comes") {
  const VerifiedPiece piece = PieceHashes::of_origin(three_pieces, 1, piece_bytes(1));
  CHECK(piece.index() == 1);
  CHECK(piece.hash() == hashes_of(1, 1).front());
}

TEST_CASE("a finished list is signed with its layer's digest and size") {
  const Digest digest = digest_of(DigestAlgorithm::sha256, bytes_of("layer"));
  const auto list = hashes_of(0, 3);
  const ByteCount size = three_pieces.layer_size();
  const Signature signature = sign_list(tracker_key, digest, size, list);
  const PublicKey key = tracker_key.public_key();
  CHECK(verify_list(key, digest, size, list, signature));
  CHECK_FALSE(verify_list(key, digest_of(DigestAlgorithm::sha256, {}), size, list, signature));
  CHECK_FALSE(verify_list(key, digest, size + ByteCount{1}, list, signature));
  CHECK_FALSE(verify_list(key, digest, size, hashes_of(0, 2), signature));
  CHECK_FALSE(verify_list(SigningKey::generate().public_key(), digest, size, list, signature));
}
