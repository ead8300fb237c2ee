// Swarm: the seam between the logic and the peer network. One object carries all swarms of a node, over libtorrent
// (make_swarm) or, in tests, in memory.
//
// Threads: all methods are called on the loop and return at once; events arrive on the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/core/listen_addresses.hpp"
#include "shared/layer/piece_hashes.hpp"
#include "shared/layer/piece_set.hpp"
#include "shared/metrics/metrics.hpp"
#include "shared/store/piece_file.hpp"
#include "shared/swarm/identity.hpp"
#include "shared/swarm/role.hpp"

namespace shoal::swarm {

struct PeerAddress {
  std::string host;  // an IP address
  std::uint16_t port = 0;
  bool is_seeder = false;
  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

// Events of one swarm.
struct Ready {};  // listening under this name: peers may be told of us
struct PieceArrived {
  store::WrittenPiece piece;
  bool from_seeder;
};
struct PieceRefused {  // bytes that did not match their signed hash
  PieceIndex piece;
  Identity sender;
  bool banned;  // the sender, from now on
};
struct Receiving {
};  // bytes of pieces are coming in; sent at most every 200 ms, so that a slow piece is not taken for a dead swarm
struct PiecesProven {};  // of Membership::unproven: a seeder that starts anew goes through what we have first
struct HashesMissing {    // a piece came whose hash no peer passed on: the tracker is to be asked for the batch
  PieceIndex piece;
};
struct Unneeded {};  // all pieces are here, and no peer has asked for one for a while (Rest::after); told again after as long
struct PeerReached {  // a connection is open
  bool is_seeder;     // that the tracker named, and that we dialled
};
struct PeerNotReached {  // `connect` named it; told at each of the few tries
  PeerAddress peer;
  std::string cause;
};
struct PeerLags {  // others deliver what it owes us: it is asked last now, in further swarms too; told once while it lasts
  Identity peer;
};
struct PieceTaken {       // of a seeder whose file is a window: agents hold the piece, and we have it no longer
  PieceIndex piece;
};
struct Failed {  // our own disk, for instance: this swarm cannot go on here
  Error error;
};
using Event = std::variant<Ready, PieceArrived, PieceRefused, Receiving, PiecesProven, HashesMissing, Unneeded,
                           PeerReached, PeerNotReached, PeerLags, PieceTaken, Failed>;

struct Membership {
  SwarmName name;
  Role role = Role::fetch;
  store::FileHandle file;  // Shared: by the pull, the swarm thread and the worker.
  PieceSet have;            // pieces that are in the file
  PieceHashes hashes;       // those known; all of them for `hold`
  PublicKey tracker_key{};  // signs the hash batches of this swarm
  std::function<void(Event)> events;
  // In the file too, but verified by the hashes of another swarm, whose bytes may have been others: they are not
  // offered before a hash of this swarm proves them. No size: none. A hash that disproves one is `Failed` as corrupt.
  PieceSet unproven{};
  // The file is a window of the layer (store::PieceFile::is_window). An agent asks for the pieces before
  // Publication::wanted_end, at first none, and passes none on: they are dropped behind its readers. A seeder has a
  // piece until agents hold it.
  bool is_window = false;
  // An agent's readers want parts alone: it asks for Publication::first, and for pieces before Publication::wanted_end,
  // at first none. It passes on what it has.
  bool wants_parts = false;
};

inline constexpr std::size_t most_first = 256;

// What became known outside the swarm: for the seeder, pieces in the file and their hashes; for others, a batch of
// hashes that the tracker sent. Batches are trusted: they were made or verified by the caller.
struct Publication {
  std::vector<HashBatch> batches;
  std::vector<PieceIndex> in_file;
  std::optional<PieceIndex> wanted_end{};  // of an agent whose file is a window, or who wants parts: pieces before it
  // Pieces that readers wait for, instead of those named before: asked for before all others, at most `most_first`.
  std::optional<std::vector<PieceIndex>> first{};
};

class Swarm {
 public:
  virtual ~Swarm() = default;
  virtual void join(Membership membership) = 0;  // answered by Ready
  virtual void connect(const SwarmName& name, std::vector<PeerAddress> peers) = 0;
  virtual void publish(const SwarmName& name, Publication publication) = 0;
  virtual void leave(const SwarmName& name) = 0;  // no event after it returns
  virtual void ban(const Identity& peer) = 0;      // in all swarms, for Bans::lasts
};

struct Options {
  ListenAddresses listen;
  std::string node;         // our name, shown to peers
  std::string zone{};       // likewise, our rack or zone; empty: none
  ByteRate upload_limit{};  // 0: none
  ByteRate download_limit{};
  std::size_t connections = 8'000;  // of all swarms together: each is a descriptor
};

struct Metrics {
  metrics::Counter received_from_peers_bytes;
  metrics::Counter received_from_seeder_bytes;
  metrics::Counter sent_bytes;
  metrics::Counter duplicate_bytes;  // pieces that came twice
  metrics::Counter corrupt_pieces;
  metrics::Counter reassigned_pieces;  // asked or pushed, not delivered in time, given to another
  metrics::Gauge connections;
};

struct Carrier {
  std::unique_ptr<Swarm> swarm;
  std::uint16_t port;  // the one that listens
};

// libtorrent's session on a thread of its own, which reads the clock. Throws StartError when an address is taken.
Carrier make_swarm(Loop& loop, const Clock& clock, Options options, Metrics& metrics);

}  // namespace shoal::swarm
