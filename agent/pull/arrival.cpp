#include "agent/pull/arrival.hpp"

namespace shoal::agent::pull {

bool Arrival::note(const store::WrittenPiece& piece, std::uint64_t Received::*source) {
  if (!partial_.note(piece)) return false;
  received_.*source += layout().length(piece.index());
  return true;
}

Result<bool> Arrival::begin_generation(Generation generation) {
  const bool is_another = generation_ && *generation_ != generation;
  generation_ = generation;
  if (is_another && !std::exchange(is_mixed_, true)) {
    const Result<void> left = reserved_->leave_generations();
    if (!left) return tl::unexpected(left.error());
  }
  if (std::exchange(is_resumed_, true)) return false;
  const Result<void> started = reserved_->start_generation(generation);
  if (!started) return tl::unexpected(started.error());
  return true;
}

void Arrival::release_space(bool discard) {
  if (discard && reserved_) reserved_->discard();
  reserved_.reset();
}

}  // namespace shoal::agent::pull
