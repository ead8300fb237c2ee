// Outbox: the pieces that one peer asked of us, and whether the peer takes what it is sent.
//
// Pure; sizes and time are given. Threads: one owner.
#pragma once

#include <deque>
#include <optional>

#include "shared/core/clock.hpp"
#include "shared/layer/piece_layout.hpp"

namespace shoal::swarm {

class Outbox {
 public:
  static constexpr std::size_t most_queued = 16;         // asks of one peer; ours ask for 4 at most
  static constexpr int most_refused = 100;               // asks without a place; a correct peer has few
  static constexpr std::size_t most_unsent = 4 << 20;    // bytes queued to one peer, some pieces, before its asks wait
  static constexpr std::size_t most_unread = 16 << 20;   // bytes that a peer may leave unread: 16 asks of 1 MiB
  static constexpr std::size_t least_unread = 64 << 10;  // may stay in a connection for ever: small messages
  static constexpr Milliseconds hello_limit{10'000};  // for a hello: a dead peer keeps its place no longer
  static constexpr Milliseconds reading_limit{10'000};   // in which a peer reads something: it is dead or hostile else

  enum class Place { free, none, refused_too_often };
  Place place_for_ask();
  void add(PieceIndex piece) { asked_.push_back(piece); }

  bool has_asks() const { return !asked_.empty(); }
  // The next piece to send; nothing while too much is unsent. `is_node_full`: all peers together leave too much.
  std::optional<PieceIndex> next(std::size_t unsent, bool is_node_full);
  void note_sent(std::size_t bytes) { sent_ += bytes; }

  // Whether less is unsent than at the call before.
  bool drains(std::size_t unsent);
  // Whether the peer never said hello, or leaves unread the pieces that it asked for.
  bool is_stuck(std::size_t unsent, bool has_hello, Time now);

 private:
  std::deque<PieceIndex> asked_;  // not sent yet
  int refused_ = 0;
  std::uint64_t sent_ = 0;   // bytes of pieces, to the link
  std::uint64_t taken_ = 0;  // of them, by the other side
  std::size_t unsent_before_ = 0;
  std::optional<Time> first_looked_at_;
  Time took_{};  // when `taken_` last grew, or nothing was left to take
};

}  // namespace shoal::swarm
