#include "shared/swarm/member/piece_sender.hpp"

#include <algorithm>

namespace shoal::swarm {

void PieceSender::send_hashes(Neighbour& peer, PieceIndex piece) {
  if (peer.knows_hash.has(piece)) return;
  const HashBatch* batch = swarm_.membership.hashes.batch_of(piece);
  if (batch == nullptr) return;
  send(peer, Hashes{*batch});
  for (std::size_t i = 0; i < batch->hashes.size(); ++i) peer.knows_hash.add(batch->first + static_cast<PieceIndex>(i));
}

void PieceSender::send_piece(Neighbour& peer, PieceIndex piece, bool pushed) {
  send_hashes(peer, piece);
  const PieceLayout layout = swarm_.layout();
  const std::uint32_t whole = layout.length(piece);
  Bytes& scratch = swarm_.node.frame;
  scratch.resize(frame_room + piece_header_size + largest_part);
  for (std::uint32_t offset = 0; offset < whole; offset += largest_part) {
    const std::size_t part = std::min(largest_part, whole - offset);
    const MutableBytes frame = MutableBytes(scratch).first(frame_room + piece_header_size + part);
    write_piece_header(frame, {piece, offset, pushed});
    const Result<void> read = swarm_.membership.file->read_at(layout.offset(piece) + offset, frame.last(part));
    if (!read) {
      swarm_.fail(read.error());
      return;
    }
    peer.link->send(frame);
    peer.outbox.note_sent(part);
    swarm_.node.metrics.sent_bytes.add(part);
  }
}

std::size_t PieceSender::count_unsent(Neighbour& peer) {
  const std::size_t unsent = peer.link->unsent_bytes();
  swarm_.node.unsent_bytes += unsent - std::exchange(peer.counted_unsent, unsent);
  return unsent;
}

void PieceSender::send_asked(Neighbour& peer) {
  while (!swarm_.has_failed && peer.outbox.has_asks()) {
    const std::size_t unsent = count_unsent(peer);
    const bool is_node_full = swarm_.node.unsent_bytes >= swarm_.node.most_unsent_bytes;
    const std::optional<PieceIndex> piece = peer.outbox.next(unsent, is_node_full);
    if (!piece) return;
    if (!swarm_.policy.have().has(*piece)) {  // a window dropped it since it was asked for
      send(peer, Refused{*piece});
      continue;
    }
    send_piece(peer, *piece, false);
  }
}

}  // namespace shoal::swarm
