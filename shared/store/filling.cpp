#include "shared/store/filling.hpp"

#include <algorithm>

namespace shoal::store {

std::vector<WrittenPiece> recheck(PieceFile& file, std::span<const NotedPiece> noted) {
  std::vector<WrittenPiece> right;
  for (const auto& [piece, hash] : noted) {
    const auto written = file.recheck(piece, hash);
    if (written) right.push_back(*written);
  }
  return right;
}

Result<std::vector<WrittenPiece>> PieceIntake::take(ByteView bytes) {
  const PieceLayout& layout = file_->layout();
  std::vector<WrittenPiece> pieces;
  while (!bytes.empty()) {
    if (next_ == layout.count()) return fail(ErrorKind::corrupt, "more bytes than the layer has");
    const std::size_t length = layout.length(next_);
    const ByteView part = bytes.first(std::min(bytes.size(), length - begun_.size()));
    bytes = bytes.subspan(part.size());
    const bool is_whole = part.size() == length;
    if (!is_whole) begun_.insert(begun_.end(), part.begin(), part.end());
    if (!is_whole && begun_.size() < length) break;
    const auto written = write(is_whole ? part : ByteView(begun_));
    if (!written) return tl::unexpected(written.error());
    pieces.push_back(*written);
    begun_.clear();
    ++next_;
  }
  return pieces;
}

Result<WrittenPiece> PieceIntake::write(ByteView bytes) {
  const auto there = file_->find(next_);
  if (there) return *there;
  return file_->write(PieceHashes::of_origin(file_->layout(), next_, bytes));
}

Filling::Filling(const Digest& digest, FileHandle file)
    : file_(std::move(file)), intake_(file_), verifier_(digest, file_) {}

Result<std::vector<WrittenPiece>> Filling::recheck(std::span<const NotedPiece> noted) {
  std::vector<WrittenPiece> right;
  PieceIndex next = intake_.next();
  for (const auto& [piece, hash] : noted) {
    if (piece != next) break;
    const auto written = file_->recheck(piece, hash);
    if (!written) break;
    right.push_back(*written);
    ++next;
  }
  intake_ = PieceIntake(file_, next);
  return count(right).map([&] { return right; });
}

Result<std::vector<WrittenPiece>> Filling::take(ByteView bytes) {
  const auto pieces = intake_.take(bytes);
  if (!pieces) return pieces;
  return count(*pieces).map([&] { return *pieces; });
}

std::uint64_t Filling::position() const {
  const PieceLayout& layout = file_->layout();
  const PieceIndex next = intake_.next();
  return next == layout.count() ? layout.layer_size().value : layout.offset(next);
}

Result<void> Filling::count(std::span<const WrittenPiece> pieces) {
  for (const WrittenPiece& piece : pieces) hashes_.push_back(piece.hash());
  return verifier_.advance(position());
}

}  // namespace shoal::store
