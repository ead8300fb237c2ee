#include "shared/store/verified.hpp"

#include <algorithm>

#include "shared/core/check.hpp"

namespace shoal::store {
namespace {

constexpr std::uint64_t read_chunk_bytes = 256 << 10;  // fits the second-level cache, where hashing finds it again

}  // namespace

LayerVerifier::LayerVerifier(Digest digest, FileHandle file)
    : expected_(digest), file_(std::move(file)), hasher_(digest.algorithm()) {}

Result<void> LayerVerifier::advance(std::uint64_t end) {
  SHOAL_CHECK(end <= file_->layout().layer_size().value);
  if (end <= position_) return {};
  Bytes chunk(std::min(end - position_, read_chunk_bytes));
  while (position_ < end) {
    const MutableBytes part = MutableBytes(chunk).first(std::min<std::uint64_t>(end - position_, chunk.size()));
    auto read = file_->read_at(position_, part);
    if (!read) return read;
    hasher_.update(part);
    position_ += part.size();
  }
  return {};
}

Result<VerifiedLayer> LayerVerifier::finish() {
  SHOAL_CHECK(position_ == file_->layout().layer_size().value);
  const Digest found = hasher_.finish();
  if (found != expected_) {
    return fail(ErrorKind::corrupt, "the layer's bytes are " + found.text() + " and not " + expected_.text());
  }
  return VerifiedLayer(expected_, file_);
}

PartialLayer::PartialLayer(FileHandle file)
    : file_(std::move(file)), written_(file_->layout().count()), hashes_(file_->layout().count()) {}

bool PartialLayer::note(WrittenPiece piece) {
  if (!written_.add(piece.index())) return false;
  hashes_[piece.index()] = piece.hash();
  first_missing_ = written_.first_missing(first_missing_);
  return true;
}

std::uint64_t PartialLayer::contiguous_bytes() const {
  const PieceLayout& layout = file_->layout();
  return first_missing_ == layout.count() ? layout.layer_size().value : layout.offset(first_missing_);
}

void PartialLayer::release_tail(const VerifiedLayer& proof) {
  SHOAL_CHECK(proof.file() == file_);
  tail_released_ = true;
}

VerifiedSpan PartialLayer::readable(std::uint64_t from, std::uint64_t most) const {
  const PieceLayout& layout = file_->layout();
  std::uint64_t end = layout.layer_size().value;
  if (!tail_released_ && layout.count() > 0) {
    end = std::min(contiguous_bytes(), layout.offset(layout.count() - 1));
  }
  return VerifiedSpan(file_, from, from < end ? std::min(most, end - from) : 0);
}

VerifiedSpan PartialLayer::readable_part(std::uint64_t from, std::uint64_t end) const {
  const PieceLayout& layout = file_->layout();
  std::uint64_t until = from;
  for (PieceIndex piece = layout.piece_at(from); until < end && piece < layout.count() && written_.has(piece); ++piece)
    until = layout.offset(piece) + layout.length(piece);
  return VerifiedSpan(file_, from, std::min(until, end) - from);
}

}  // namespace shoal::store
