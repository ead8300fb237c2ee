#include "shared/swarm/member/pending_hashes.hpp"

namespace shoal::swarm {

void PendingHashes::add(Piece piece, Time now) {
  const PieceIndex index = piece.index;
  waiting_.emplace(index, Waiting{std::move(piece), now, now});
}

std::vector<PendingHashes::Piece> PendingHashes::take_known(const PieceHashes& hashes) {
  std::vector<Piece> known;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const bool is_known = hashes.knows(it->first);
    if (is_known) known.push_back(std::move(it->second.piece));
    it = is_known ? waiting_.erase(it) : std::next(it);
  }
  return known;
}

PendingHashes::Due PendingHashes::due(Time now) {
  Due due;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Waiting& waiting = it->second;
    const bool is_over = now > waiting.since + limit;
    if (is_over) {
      due.dropped.push_back(std::move(waiting.piece));
    } else if (now > waiting.asked + answer * (waiting.asked == waiting.since ? 1 : repeat_times)) {
      waiting.asked = now;
      due.to_ask_for.push_back(it->first);
    }
    it = is_over ? waiting_.erase(it) : std::next(it);
  }
  return due;
}

std::vector<PeerId> PendingHashes::sources() const {
  std::vector<PeerId> ids;
  for (const auto& [index, waiting] : waiting_) ids.push_back(waiting.piece.source.id);
  return ids;
}

}  // namespace shoal::swarm
