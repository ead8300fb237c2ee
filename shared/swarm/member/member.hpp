// Member: this node in one swarm. It joins the policy, the hashes and the file to the connections; it knows no
// libtorrent.
//
// Every index and length from a peer is checked here or in the part that it is for (PieceReceiver, PieceSender), before
// anything is done with it.
//
// Threads: the swarm thread.
#pragma once

#include <functional>
#include <vector>

#include "shared/swarm/member/piece_receiver.hpp"
#include "shared/swarm/member/piece_sender.hpp"
#include "shared/swarm/member/rest.hpp"
#include "shared/swarm/member/swarm_state.hpp"

namespace shoal::swarm {

class Member {
 public:
  // `report` is called on the swarm thread.
  Member(Membership membership, NodeState& node, std::function<void(Event)> report);

  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  PeerId link_up(Link& link);  // sends our hello; the link lives until `link_down`
  void link_down(PeerId id, Time now);
  // The body of one message as far as it has come: called again as it grows, until `body` is `length` long. False: the
  // peer broke the protocol or is banned, close the connection.
  [[nodiscard]] bool receive(PeerId id, ByteView body, std::size_t length, Time now);

  void publish(const Publication& publication, Time now);
  void tick(Time now);  // every 20 ms or so while there are links, else each second or so
  void expect_peers(Time now) { rest_.begin_anew(now); }  // the tracker names peers: they may need this node
  bool has_links() const { return !swarm_.neighbours.empty(); }

 private:
  bool receive_piece(PeerId id, Neighbour& peer, ByteView body, std::size_t length, Time now);
  bool receive_message(PeerId id, Neighbour& peer, ByteView body, Time now);
  bool on(PeerId id, Neighbour& peer, const Offered& offered, Time now);
  bool on(PeerId id, Neighbour& peer, const Asked& asked, Time now);
  bool on(PeerId id, Neighbour& peer, const Refused& refused, Time now);
  bool on(PeerId id, Neighbour& peer, const Hashes& hashes, Time now);
  bool on(PeerId id, Neighbour& peer, const RequestHashes& want, Time now);
  bool on(PeerId id, Neighbour& peer, const TakesOnly& takes_only, Time now);
  bool on(PeerId id, Neighbour& peer, const Hello& hello, Time now);
  bool takes_only() const { return swarm_.membership.is_window && swarm_.membership.role != Role::seed; }
  bool in_layer(const PieceRange& range) const;
  void act(Time now);
  void prove(const PieceRange& range);
  void ask_for_proof(Time now);
  void watch_pushes(Time now);
  void cut_stuck(Time now);

  SwarmState swarm_;
  PieceReceiver receiver_;
  PieceSender sender_;
  std::vector<PieceIndex> unhashed_;  // in the seeder's file, batch not signed yet
  PeerId next_id_ = 1;
  std::uint64_t reassigned_seen_ = 0;
  Rest rest_;
  Interval rest_looked_for_{Milliseconds(1000)};  // a fraction of Rest::after
  Interval pushes_watched_{Milliseconds(100)};  // a fraction of our patience, 2 s
  Interval stuck_looked_for_{Milliseconds(1000)};  // a fraction of the limits in outbox.hpp, 10 s
};

}  // namespace shoal::swarm
