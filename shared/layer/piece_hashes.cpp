#include "shared/layer/piece_hashes.hpp"

#include "shared/core/check.hpp"
#include "shared/core/codec.hpp"

namespace shoal::inline layer {
namespace {

Bytes batch_message(const SwarmName& swarm, PieceIndex first, const std::vector<Hash256>& hashes) {
  Encoder message;
  message.field(std::string("shoal hashes 1"));
  message.field(swarm.bytes);
  message.field(first);
  message.field(hashes);
  return message.take();
}

Bytes list_message(const Digest& digest, ByteCount size, std::span<const Hash256> hashes) {
  Encoder message;
  message.field(std::string("shoal list 1"));
  message.field(digest);
  message.field(size.value);
  for (const Hash256& hash : hashes) message.field(hash);
  return message.take();
}

}  // namespace

HashBatch sign_batch(const SigningKey& key, const SwarmName& swarm, PieceIndex first, std::vector<Hash256> hashes) {
  SHOAL_CHECK(!hashes.empty() && hashes.size() <= largest_batch);
  const Signature signature = key.sign(batch_message(swarm, first, hashes));
  return HashBatch{first, std::move(hashes), signature};
}

Signature sign_list(const SigningKey& key, const Digest& digest, ByteCount size, std::span<const Hash256> hashes) {
  return key.sign(list_message(digest, size, hashes));
}

bool verify_list(const PublicKey& key, const Digest& digest, ByteCount size, std::span<const Hash256> hashes,
                 const Signature& signature) {
  return shoal::verify(key, list_message(digest, size, hashes), signature);
}

PieceHashes::PieceHashes(PieceLayout layout)
    : layout_(layout), hashes_(layout.count()), batch_index_(layout.count(), 0) {}

Result<void> PieceHashes::add(const HashBatch& batch, const SwarmName& swarm, const PublicKey& key) {
  const std::size_t count = batch.hashes.size();
  if (count == 0 || count > largest_batch || batch.first >= hashes_.size() || count > hashes_.size() - batch.first) {
    return fail(ErrorKind::corrupt, "a batch of piece hashes is outside the layer");
  }
  if (!shoal::verify(key, batch_message(swarm, batch.first, batch.hashes), batch.signature)) {
    return fail(ErrorKind::corrupt, "a batch of piece hashes is not signed by the tracker");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto& known = hashes_[batch.first + i];
    if (known && *known != batch.hashes[i]) return fail(ErrorKind::corrupt, "two hashes for one piece");
  }
  add_trusted(batch);
  return {};
}

void PieceHashes::add_trusted(const HashBatch& batch) {
  SHOAL_CHECK(batch.first + batch.hashes.size() <= hashes_.size());
  bool adds_one = false;
  for (std::size_t i = 0; i < batch.hashes.size(); ++i) {
    const auto piece = static_cast<PieceIndex>(batch.first + i);
    set(piece, batch.hashes[i]);
    if (batch_index_[piece] != 0) continue;
    batch_index_[piece] = static_cast<std::uint32_t>(batches_.size() + 1);
    adds_one = true;
  }
  if (adds_one) batches_.push_back(batch);
}

void PieceHashes::add_list(std::span<const Hash256> list) {
  SHOAL_CHECK(list.size() == hashes_.size());
  for (PieceIndex piece = 0; piece < list.size(); ++piece) set(piece, list[piece]);
}

std::vector<Hash256> PieceHashes::all() const {
  SHOAL_CHECK(complete());
  std::vector<Hash256> list;
  list.reserve(hashes_.size());
  for (const auto& hash : hashes_) list.push_back(*hash);
  return list;
}

const HashBatch* PieceHashes::batch_of(PieceIndex piece) const {
  const std::uint32_t index = batch_index_[piece];
  return index == 0 ? nullptr : &batches_[index - 1];
}

std::optional<ExpectedPiece> PieceHashes::expected(PieceIndex piece) const {
  SHOAL_CHECK(piece < hashes_.size());
  if (!hashes_[piece]) return std::nullopt;
  return ExpectedPiece(piece, layout_.length(piece), *hashes_[piece]);
}

Result<VerifiedPiece> ExpectedPiece::verify(ByteView bytes) const {
  if (bytes.size() != length_ || sha256(bytes) != hash_) {
    return fail(ErrorKind::corrupt, "the bytes of a piece do not match its hash");
  }
  return VerifiedPiece(index_, bytes, hash_);
}

Result<VerifiedPiece> PieceHashes::verify(PieceIndex piece, ByteView bytes) const {
  const std::optional<ExpectedPiece> right = expected(piece);
  if (!right) return fail(ErrorKind::unavailable, "the hash of this piece is not known yet");
  return right->verify(bytes);
}

VerifiedPiece PieceHashes::of_origin(const PieceLayout& layout, PieceIndex piece, ByteView bytes) {
  SHOAL_CHECK(piece < layout.count() && bytes.size() == layout.length(piece));
  return VerifiedPiece(piece, bytes, sha256(bytes));
}

void PieceHashes::set(PieceIndex piece, const Hash256& hash) {
  if (!hashes_[piece]) ++known_;
  hashes_[piece] = hash;
}

}  // namespace shoal::inline layer
