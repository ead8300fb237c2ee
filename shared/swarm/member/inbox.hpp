// Inbox: the piece that one peer is sending to us, in one message or in several.
//
// Pure. Threads: one owner.
#pragma once

#include <optional>

#include "shared/layer/piece_layout.hpp"
#include "shared/swarm/messages.hpp"
#include "shared/swarm/policy/actions.hpp"

namespace shoal::swarm {

class Inbox {
 public:
  // Pieces from one peer that were not asked for. A correct peer sends few: pieces whose ask timed out
  // long ago.
  static constexpr int most_unasked = 16;

  enum class Part {
    of_piece,     // more parts follow
    last,         // the piece is whole
    discarded,    // of a piece that we have or did not ask for
    one_too_many  // such a piece, and the peer sent too many of them
  };

  // Whether this part may begin: its place and length are the layer's, and the parts of a piece follow each other.
  bool may_begin(const PieceLayout& layout, const PieceHeader& header, std::size_t part_size) const;
  void begin_piece(PieceIndex piece, Arrival arrival) { piece_ = Piece{piece, arrival, 0, {}}; }
  void begin_part() { is_in_part_ = true; }
  bool is_in_part() const { return is_in_part_; }  // its head was seen, its end not yet
  bool is_asked() const { return piece_ && piece_->arrival == Arrival::asked; }

  // CHECK: a part began.
  Part end_part(const PieceLayout& layout, ByteView part);
  // The bytes of a piece that came in several parts; empty when the last part was the whole piece.
  Bytes take() { return std::move(whole_); }

 private:
  struct Piece {
    PieceIndex piece = 0;
    Arrival arrival = Arrival::unasked;
    std::uint32_t filled = 0;  // bytes of whole parts
    Bytes bytes;               // only of pieces in several parts
  };
  Part discard(bool is_last);

  std::optional<Piece> piece_;
  bool is_in_part_ = false;
  Bytes whole_;
  int unasked_ = 0;
};

}  // namespace shoal::swarm
