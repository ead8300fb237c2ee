// Member: this node in one swarm. Joins the policy, the hashes and the file to the connections; knows no libtorrent.
//
// Every index and length from a peer is checked here before anything is done with it. Bytes count as a piece only after
// PieceHashes::verify; the file takes nothing else.
//
// Threads: the swarm thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "shared/swarm/bans.hpp"
#include "shared/swarm/messages.hpp"
#include "shared/swarm/policy/policy.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::swarm {

// One connection within one swarm.
class Link {
 public:
  virtual ~Link() = default;
  // `frame` has `frame_room` bytes in front of the body for the link to fill; its bytes are copied.
  virtual void send(MutableBytes frame) = 0;
  virtual std::size_t unsent_bytes() const = 0;  // given to `send`, not yet to the kernel
  virtual void set_no_delay(bool on) = 0;        // TCP_NODELAY
  virtual std::string host() const = 0;          // the other side's address
  virtual bool leads_to_seeder() const = 0;      // we dialled it where the tracker said that its seeder is
  virtual void close() = 0;                      // `link_down` follows, perhaps at once
};

struct Shared {  // by all swarms of this node
  std::string node;
  std::string zone;
  Metrics& metrics;
  Bans bans{};
  Bytes frame{};  // scratch for pieces on their way out
  // Queued to all peers, as last seen. While it is too much, who has read all is given one piece that it asked for, and
  // nobody more: whoever does not read is cut before long.
  std::size_t unsent_bytes = 0;
  std::size_t most_unsent_bytes = 256 << 20;
  // Has `work` done by another thread, then `done` by the swarm thread. Without it Member does all work itself.
  std::function<void(std::function<void()> work, std::function<void(Time now)> done)> aside{};
};

class Member {
 public:
  // `report` is called on the swarm thread.
  Member(Membership membership, Shared& shared, std::function<void(Event)> report);

  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  PeerId link_up(Link& link);  // sends our hello; the link lives until `link_down`
  void link_down(PeerId id, Time now);
  // The body of one message as far as it has come: called again as it grows, until `body` is `length` long. False: the
  // peer broke the protocol or is banned, close the connection.
  [[nodiscard]] bool receive(PeerId id, ByteView body, std::size_t length, Time now);

  void publish(const Publication& publication, Time now);
  void tick(Time now);  // every 20 ms or so while there are links
  bool has_links() const { return !neighbours_.empty(); }

 private:
  struct Incoming {  // a piece on its way in, perhaps in several messages
    PieceIndex piece = 0;
    Arrival arrival = Arrival::unasked;
    std::uint32_t filled = 0;  // bytes of whole messages
    Bytes bytes;               // only of pieces in several messages
  };
  struct Neighbour {
    Link* link = nullptr;
    PieceSet shown;  // what our hello said
    bool greeted = false;
    Identity identity;  // what is banned: its name alone is its own word, and may be another's
    bool is_seeder = false;
    PieceSet knows_hash;
    std::deque<PieceIndex> queue;  // asked of us, not sent yet
    std::optional<Incoming> incoming;
    bool in_message = false;  // the head of the current piece message was seen
    int bad_batches = 0;
    int unasked = 0;        // pieces that nobody asked it for
    int asks_too_many = 0;  // while as many as may be were queued
    std::size_t unsent_before = 0;
    std::size_t counted_unsent = 0;  // in Shared
    std::optional<Time> since;       // first looked at
    std::uint64_t given = 0;         // bytes of pieces to the link
    std::uint64_t taken = 0;         // of them, by the other side
    Time took{};                     // when that last grew, or nothing was left to take
  };
  struct Source {
    PeerId id;
    Identity identity;
    bool is_seeder;
  };
  struct Waiting {  // a whole piece whose hash is not known yet
    Source source;
    Bytes bytes;
    Time since;
    Time asked;  // for the hash
  };

  // member.cpp
  bool on(PeerId id, Neighbour& peer, const Offered& offered, Time now);
  bool on(PeerId id, Neighbour& peer, const Asked& asked, Time now);
  bool on(PeerId id, Neighbour& peer, const Refused& refused, Time now);
  bool on(PeerId id, Neighbour& peer, const Hashes& hashes, Time now);
  bool on(PeerId id, Neighbour& peer, const WantHashes& want, Time now);
  bool on(PeerId id, Neighbour& peer, const Hello& hello, Time now);
  bool in_layer(const PieceRange& range) const;
  void send(Neighbour& peer, const Message& message);
  void act(Time now);
  void prove(const PieceRange& range);
  void ask_for_proof(Time now);
  void fail_here(Error error);

  // member_transfer.cpp
  bool receive_piece(PeerId id, Neighbour& peer, ByteView body, std::size_t length, Time now);
  bool begin_part(PeerId id, Neighbour& peer, const PieceHeader& header, std::size_t part, Time now);
  bool end_part(PeerId id, Neighbour& peer, const PieceHeader& header, ByteView part, Time now);
  bool finish(const Source& source, PieceIndex piece, ByteView bytes, Time now, Bytes owned = {});
  void keep_aside(const Source& source, PieceIndex piece, const ExpectedPiece& expected, Bytes bytes);
  bool settle(const Source& source, PieceIndex piece, std::size_t size,
              const std::optional<Result<store::WrittenPiece>>& written, Time now);
  void note_bytes(Time now);
  void keep_waiting(const Source& source, PieceIndex piece, ByteView bytes, Time now);
  void retry_waiting(Time now);
  void tick_waiting(Time now);
  void send_hashes(Neighbour& peer, PieceIndex piece);
  void send_piece(Neighbour& peer, PieceIndex piece, bool pushed);
  std::size_t unsent_bytes(Neighbour& peer);
  void pump(Neighbour& peer);
  void watch_pushes(Time now);
  bool is_stuck(Neighbour& peer, Time now);
  void cut_stuck(Time now);

  Membership membership_;
  Shared& shared_;
  std::function<void(Event)> report_;
  const PieceLayout layout_;
  Policy policy_;
  std::map<PeerId, Neighbour> neighbours_;
  std::map<PieceIndex, Waiting> waiting_;
  std::multiset<PeerId> aside_;       // who sent the pieces that another thread checks and writes
  std::vector<PieceIndex> unhashed_;  // in the seeder's file, batch not signed yet
  PieceSet unproven_;                 // kept back
  PieceIndex proof_wanted_ = 0;       // the last one that a neighbour was asked about
  Time proof_asked_{};
  std::uint64_t reassigned_seen_ = 0;
  PeerId next_id_ = 1;
  Time receiving_reported_{};
  Time pushes_watched_{};
  Time looked_at_peers_{};
  bool failed_ = false;
  const std::shared_ptr<Member*> self_ = std::make_shared<Member*>(this);  // for what comes back from another thread
};

}  // namespace shoal::swarm
