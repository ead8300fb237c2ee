// PieceReceiver: pieces of one swarm on their way in, from the head of a message to the file. Bytes count as a piece
// only after ExpectedPiece::verify; the file takes nothing else.
//
// A large piece is hashed and written on the worker thread, a piece without a known hash waits for it. So wrong bytes
// may be found long after their message. The sender is banned then, and Member turns it away at its next message.
//
// Threads: the swarm thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "shared/swarm/member/interval.hpp"
#include "shared/swarm/member/pending_hashes.hpp"
#include "shared/swarm/member/swarm_state.hpp"

namespace shoal::swarm {

class PieceReceiver {
 public:
  // `after_work`: a piece is done with that the worker had.
  PieceReceiver(SwarmState& swarm, std::function<void(Time)> after_work)
      : swarm_(swarm), after_work_(std::move(after_work)) {}

  // A piece message as far as it has come. False: the peer broke the protocol.
  [[nodiscard]] bool receive(PeerId id, Neighbour& peer, ByteView body, std::size_t length, Time now);
  bool waits_for_hashes() const { return !pending_.empty(); }
  void hashes_came(Time now);
  void tick(Time now);

 private:
  using Written = std::optional<Result<store::WrittenPiece>>;  // nothing: the bytes are not the piece

  bool begin_part(PeerId id, Neighbour& peer, const PieceHeader& header, std::size_t part_size, Time now);
  bool end_part(PeerId id, Neighbour& peer, PieceIndex piece, ByteView part, Time now);
  static Written verify_and_write(const ExpectedPiece& expected, ByteView bytes, store::PieceFile& file);
  // A whole piece. `owned`: its bytes, if they may be taken.
  void finish(const PieceSource& source, PieceIndex piece, ByteView bytes, Time now, Bytes owned = {});
  void verify_on_worker(const PieceSource& source, PieceIndex piece, const ExpectedPiece& expected, Bytes bytes);
  void record_result(const PieceSource& source, PieceIndex piece, std::size_t size, const Written& written, Time now);
  void hold_until_hash(const PieceSource& source, PieceIndex piece, ByteView bytes, Time now);

  SwarmState& swarm_;
  std::function<void(Time)> after_work_;
  PendingHashes pending_;
  std::multiset<PeerId> on_worker_;  // the senders of the pieces that the worker has
  Interval receiving_{Milliseconds(200)};  // swarm.hpp: Receiving
  // Shared: with results that come back from the worker, perhaps when this swarm has ended.
  const std::shared_ptr<PieceReceiver*> self_ = std::make_shared<PieceReceiver*>(this);
};

}  // namespace shoal::swarm
