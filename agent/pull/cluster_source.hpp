// ClusterSource: fills a download from the cluster: the swarm that its tracker coordinates, or for a small layer one
// HTTP round trip to a holder that the tracker names. Afterwards it keeps serving the layer to the swarm.
//
// Threads: the loop.
#pragma once

#include <list>
#include <map>
#include <random>
#include <unordered_map>

#include "agent/pull/download.hpp"
#include "agent/pull/holder_source.hpp"
#include "agent/pull/parts.hpp"
#include "shared/control/timing.hpp"

namespace shoal::agent::pull {

struct ClusterLimits {
  Milliseconds join = control::timing::join_answer;
  Milliseconds origin_wait = control::timing::origin_wait;
  std::size_t trackers_asked = 3;     // one after the other; one that came back without its memory counts anew
  Milliseconds silence = control::timing::swarm_silence;
  Milliseconds silence_alone{2'000};  // without a byte and without this tracker, while there is another one
  // Without a byte and without any tracker: one that is started again is back by then, and the origin is spared all the
  // nodes. They give up spread over a time, so that those who go to the origin do not go together.
  Milliseconds return_of_tracker = control::timing::return_of_tracker;
  Milliseconds return_spread{4'000};
  Milliseconds trickle{15'000};       // bytes of pieces count for so long without a whole piece: 1 MiB at 70 KB/s
  // Between two reports to the tracker: each second of 48 agents cost it 0.3 % of its uplink, for acknowledgements.
  Milliseconds progress{3'000};
  std::size_t memberships = 256;  // swarms served at once; the oldest is left for a new one
  Milliseconds young{60'000};     // a swarm joined so lately may depend on this node: its layer stays
};

class ClusterSource {
 public:
  ClusterSource(Parts parts, ClusterLimits limits);

  // From the swarm of its tracker, or of the next one when that goes. `corrupt` when the tracker restarts the swarm:
  // the next attempt joins its new generation.
  Task<Result<void>> fill(std::shared_ptr<Download> download);

  // The layer is held: tells the tracker.
  void announce(const Digest& digest);
  // Whether the store may evict the layer: nobody depends on this node for it. `forget` follows.
  bool may_go(const Digest& digest) const;
  // The layer is not held any more, or never will be: leaves its swarm and tells the tracker.
  void forget(const Digest& digest);
  // The tracker's signature over the finished list of hashes, and the swarm it belongs to; for the side file.
  void describe(const Digest& digest, store::Side& side) const;

  // What trackers say unasked.
  void on_up(link::TrackerLink& link);
  void on_message(link::TrackerLink& link, control::TrackerMessage message);

 private:
  struct Member {
    link::TrackerLink* link = nullptr;
    SwarmName name;
    SwarmKey key{};  // that the name was made with
    PublicKey tracker_key{};
    Generation generation = 0;
    std::shared_ptr<Download> download;  // while it is being filled
    std::optional<Signature> finished_list;
    Time last_bytes;
    Time last_piece;             // new and right
    std::optional<Error> ended;  // by the tracker: this attempt gets nothing more from the swarm
    bool held = false;           // the digest matched
    bool ready = false;
    std::map<swarm::Identity, control::Blame> blames;  // told once the digest has matched: until then we may be wrong
    bool joined = false;                               // the swarm knows us; before that dialling waits
    std::vector<swarm::PeerAddress> waiting;           // to be dialled then

    // Whether the tracker has the keys that the swarm's name was made of and its pieces are signed with.
    bool belongs_to(const control::Welcome& welcome) const {
      return key == welcome.swarm_key && tracker_key == welcome.public_key;
    }
    // There is something to wait for, but `longest` without a piece is enough: a runtime does not wait longer.
    void wait_on(Time now, Milliseconds longest) {
      if (now - last_piece < longest) last_bytes = now;
    }
  };
  using Members = std::unordered_map<Digest, Member>;

  Task<Result<void>> fill_from(std::shared_ptr<Download> download, link::TrackerLink* link);
  Task<Result<void>> fill_joined(std::shared_ptr<Download> download, link::TrackerLink* link, control::Joined joined);
  Task<Result<void>> from_swarm(std::shared_ptr<Download> download, link::TrackerLink* link, control::Joined joined);
  Task<Result<void>> watch(Digest digest);
  Milliseconds patience(const Member& member, Milliseconds spread) const;
  Result<void> agree(Download& download, const control::Joined& joined);
  void enter(const Digest& digest, Member member);
  void join_swarm(const Digest& digest, swarm::Membership membership);
  void connect(Member& member, std::vector<swarm::PeerAddress> peers);
  void leave_swarm(const Digest& digest);
  void end_attempt(Member& member, Error why);
  void give_up(const Digest& digest, const char* why);
  void report(const Digest& digest, const Member& member, bool complete);
  void take(const Digest& digest, swarm::Event event);
  void take(const Digest& digest, Member& member, const swarm::PieceRefused& refused);

  void on(link::TrackerLink& link, const control::Joined& joined);
  void on(link::TrackerLink& link, const control::Peers& peers);
  void on(link::TrackerLink& link, const control::Serve& serve);
  void on(link::TrackerLink& link, const control::Restart& restart);
  void on(link::TrackerLink& link, const control::Refused& refused);
  void on(link::TrackerLink& link, const control::Hashes& hashes);
  void on(link::TrackerLink& link, const control::Finished& finished);
  void on(link::TrackerLink& link, const control::Waiting& waiting);
  void on(link::TrackerLink& link, const control::Ban& ban);
  void on(link::TrackerLink&, const control::Welcome&) {}   // on_up announced it; a second one changes nothing
  void on(link::TrackerLink&, const control::Resolved&) {}  // the link paired it with its question
  void on(link::TrackerLink&, const control::Prefetch&) {}  // reserved
  void on(link::TrackerLink&, const control::Forget&) {}    // reserved

  Parts parts_;
  ClusterLimits limits_;
  HolderSource holders_;
  Members members_;
  std::list<Digest> by_age_;  // of memberships, oldest first
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace shoal::agent::pull
