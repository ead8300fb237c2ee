#include "agent/pull/arrival.hpp"

#include <algorithm>

namespace shoal::agent::pull {
namespace {

Source source_of(std::uint64_t Received::*received) {
  if (received == &Received::from_peers) return Source::peer;
  if (received == &Received::from_seeder) return Source::seeder;
  if (received == &Received::from_holder) return Source::holder;
  if (received == &Received::from_partial) return Source::partial;
  return Source::origin;
}

}  // namespace

SourceBytes Arrival::sources_of(std::uint64_t first, std::uint64_t end) const {
  SourceBytes found;
  const std::uint64_t piece_length = layout().piece_length().value;
  while (first < end) {
    const std::uint64_t piece = first / piece_length;
    const std::uint64_t next = std::min(end, (piece + 1) * piece_length);
    found.of(sources_.at(piece)) += next - first;
    first = next;
  }
  return found;
}

bool Arrival::note(const store::WrittenPiece& piece, std::uint64_t Received::*source) {
  if (!partial_.note(piece)) return false;
  received_.*source += layout().length(piece.index());
  sources_.at(piece.index()) = source_of(source);
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
