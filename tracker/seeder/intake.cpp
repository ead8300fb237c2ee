#include "tracker/seeder/intake.hpp"

namespace shoal::tracker::seeder {

Result<std::vector<Hash256>> Intake::recheck(const std::vector<store::NotedPiece>& noted) {
  HashBatch right{.first = next_, .hashes = {}, .signature = {}};
  for (const auto& [piece, hash] : noted) {
    if (piece != next_ || !file_->recheck(piece, hash)) break;
    right.hashes.push_back(hash);
    ++next_;
  }
  hashes_.add_trusted(right);
  return verifier_.advance(position()).map([&] { return right.hashes; });
}

std::uint64_t Intake::position() const {
  const PieceLayout& layout = file_->layout();
  return next_ == layout.count() ? layout.layer_size().value : layout.offset(next_);
}

Result<Taken> Intake::take(ByteView bytes) {
  const PieceLayout& layout = file_->layout();
  Taken taken{next_, {}};
  begun_.insert(begun_.end(), bytes.begin(), bytes.end());
  ByteView rest = begun_;
  while (next_ < layout.count() && rest.size() >= layout.length(next_)) {
    const std::size_t length = layout.length(next_);
    const auto verified = hashes_.take_from_origin(next_, rest.first(length));
    if (!verified) return tl::unexpected(verified.error());
    const auto written = file_->write(*verified);
    if (!written) return tl::unexpected(written.error());
    taken.hashes.push_back(verified->hash());
    rest = rest.subspan(length);
    ++next_;
  }
  begun_ = copy_of(rest);
  return verifier_.advance(position()).map([&] { return taken; });
}

}  // namespace shoal::tracker::seeder
