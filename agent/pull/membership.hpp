// Membership: this node in the swarm of one layer, from the tracker's message (Joined or Serve) until the node leaves.
//
//   in the swarm:  entering --join--> joined --Ready--> ready
//   of the layer:  fetching --mark_filled--> filled --mark_held--> held; a membership by Serve begins as held
//
// While it is entering, addresses of peers are kept: the pieces that an earlier pull left are being read then.
//
// Threads: the loop.
#pragma once

#include <map>
#include <variant>
#include <vector>

#include "agent/link/tracker_link.hpp"
#include "agent/pull/download.hpp"
#include "agent/pull/metrics.hpp"
#include "agent/pull/patience.hpp"
#include "agent/pull/reach.hpp"
#include "shared/core/failure_memory.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::agent::pull {

// By host and port. A peer that is gone is named in many swarms, and is told once.
using UnreachedPeers = FailureMemory<std::pair<std::string, std::uint16_t>>;

// What becomes of a membership after an event.
enum class Next {
  stay,
  leave,     // the swarm no longer exists
  withdraw,  // and this node does not hold the layer any more
};

// The caller's credential goes along on a link that nobody else can read.
control::Join join_message(const Ask& ask, control::Want want, const link::TrackerLink& link);
Error error_of(const control::Refused& refused);

class Membership {
 public:
  struct Identity {
    Digest digest;
    link::TrackerLink* link = nullptr;  // to the tracker of the swarm
    SwarmName name;
    SwarmKey swarm_key{};     // that the name was made with
    PublicKey tracker_key{};  // that the hashes are signed with
    Generation generation = 0;

    // Whether the tracker has the keys of this swarm still.
    bool belongs_to(const control::Welcome& welcome) const {
      return swarm_key == welcome.swarm_key && tracker_key == welcome.public_key;
    }
  };
  struct Parts {
    swarm::Swarm& swarm;
    Clock& clock;
    Metrics& metrics;
    UnreachedPeers& unreached;  // of all swarms of this node
  };
  struct Fetching {
    SharedDownload download;
    std::optional<Error> ended{};  // this attempt gets nothing more from the swarm: the first cause
  };

  // Without a download the layer is held.
  Membership(Parts parts, Identity identity, SharedDownload download, Patience patience);

  const Identity& identity() const { return identity_; }
  const Fetching* fetching() const { return std::get_if<Fetching>(&layer_); }
  const Patience& patience() const { return patience_; }
  const Reach& reach() const { return reach_; }
  void describe(store::SideFile& side) const;  // for the side file

  void join(swarm::Membership membership);                    // once
  void connect(const std::vector<control::Endpoint>& peers);  // the link is up
  void leave();                                               // last
  void mark_filled();               // all pieces are there, the digest is not known yet
  void mark_held();                 // the digest matched: blames are sent
  void report();                    // tells the tracker how much is here, once ready
  Next give_up(const char* cause);  // the swarm no longer exists: a pull asks its tracker again

  Next on_up();  // the tracker has welcomed this node again
  Next on(swarm::Event event);
  Next on(const control::Joined& joined);
  Next on(const control::Peers& peers);
  Next on(const control::Hashes& hashes);
  Next on(const control::Finished& finished);
  Next on(const control::Restart& restart);
  Next on(const control::Refused& refused);
  Next on(const control::Waiting& waiting);

 private:
  struct Entering {
    std::vector<swarm::PeerAddress> peers;  // to be dialled once joined
  };
  struct Joined {};  // peers may be dialled
  struct Ready {};   // this node listens under the swarm's name: peers may be told of it
  struct Filled {};
  struct Held {};

  void send_progress();
  void end(Error cause);
  void blame(const swarm::PieceRefused& refused);

  Parts parts_;
  Identity identity_;
  std::string image_;  // empty when only the layer is known
  std::variant<Entering, Joined, Ready> phase_;
  std::variant<Fetching, Filled, Held> layer_;
  Patience patience_;
  Reach reach_;
  std::optional<Signature> finished_list_;
  // Sent once the digest has matched: until then the hashes may be what is wrong.
  std::map<swarm::Identity, control::Blame> blames_;
};

}  // namespace shoal::agent::pull
