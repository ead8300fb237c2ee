#include "shared/swarm/member/inbox.hpp"

#include <algorithm>

#include "shared/core/check.hpp"

namespace shoal::swarm {

bool Inbox::may_begin(const PieceLayout& layout, const PieceHeader& header, std::size_t part_size) const {
  if (header.piece >= layout.count()) return false;
  const std::uint32_t whole = layout.length(header.piece);
  if (header.offset >= whole || header.offset % largest_part != 0) return false;
  if (part_size != std::min(largest_part, whole - header.offset)) return false;
  if (header.offset == 0) return !piece_;  // the piece before must be finished
  return piece_ && piece_->piece == header.piece && piece_->filled == header.offset;
}

Inbox::Part Inbox::end_part(const PieceLayout& layout, ByteView part) {
  SHOAL_CHECK(piece_ && is_in_part_);
  is_in_part_ = false;
  const std::uint32_t whole = layout.length(piece_->piece);
  piece_->filled += static_cast<std::uint32_t>(part.size());
  const bool is_last = piece_->filled == whole;
  if (piece_->arrival != Arrival::asked) return discard(is_last);
  whole_.clear();
  if (part.size() < whole) {  // else, as mostly, nothing is copied
    piece_->bytes.reserve(whole);
    piece_->bytes.insert(piece_->bytes.end(), part.begin(), part.end());
    if (!is_last) return Part::of_piece;
    whole_ = std::move(piece_->bytes);
  }
  piece_.reset();
  return Part::last;
}

Inbox::Part Inbox::discard(bool is_last) {
  if (!is_last) return Part::discarded;
  if (piece_->arrival == Arrival::unasked) ++unasked_;
  piece_.reset();
  return unasked_ <= most_unasked ? Part::discarded : Part::one_too_many;
}

}  // namespace shoal::swarm
