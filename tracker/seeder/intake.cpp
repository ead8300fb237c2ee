#include "tracker/seeder/intake.hpp"

namespace shoal::tracker {

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
  const std::uint64_t end = next_ == layout.count() ? layout.layer_size().value : layout.offset(next_);
  return verifier_.advance(end).map([&] { return taken; });
}

}  // namespace shoal::tracker
