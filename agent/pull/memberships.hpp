// Memberships: the swarms that this node is in. They route what trackers push, keep the number of swarms bounded, and
// tell the trackers which layers this node holds.
//
// Threads: the loop.
#pragma once

#include <list>
#include <random>
#include <unordered_map>

#include "agent/pull/membership.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

struct MembershipLimits {
  // Swarms at once, the layers of some ten images: each costs libtorrent memory. The oldest is left for a new one.
  std::size_t memberships = 256;
  // The peers of a swarm joined so lately may depend on this node. Later they have other holders.
  Milliseconds evict_grace{60'000};
  PatienceLimits patience;
};

class Memberships {
 public:
  Memberships(Parts parts, MembershipLimits limits) : parts_(parts), limits_(limits) {}

  // ---- of a pull

  Membership& enter(SharedDownload download, link::TrackerLink& link, Generation generation);
  void join(Membership& membership, swarm::Membership how);
  // The membership that fills this download; null once it was left.
  Membership* find(const Download& download);
  bool contains(const Digest& digest) const { return members_.contains(digest); }
  void leave(const Digest& digest);
  // For the side file: the layer's swarm, and the tracker's signature over its hashes.
  void describe(const Digest& digest, store::SideFile& side) const;

  // ---- of a layer

  // It is held, and these registries are known to have it: the trackers are told.
  void announce(const Digest& digest, std::vector<std::string> upstreams);
  void withdraw(const Digest& digest);         // it is not held any more, or never will be: its swarm is left
  bool may_evict(const Digest& digest) const;  // no peer depends on this node for it; `withdraw` follows

  // ---- of trackers

  void on_up(link::TrackerLink& link);
  void on_message(link::TrackerLink& link, control::TrackerMessage message);

 private:
  Membership* find(const Digest& digest);
  Membership& insert(Membership membership);
  void hold(link::TrackerLink& link, const control::Serve& serve, const store::HeldLayer& held);
  void apply(const Digest& digest, Next next);
  void on(link::TrackerLink& link, const control::Joined& joined);
  void on(link::TrackerLink& link, const control::Serve& serve);
  void on(link::TrackerLink& link, const control::Ban& ban);
  void on(link::TrackerLink&, const control::Welcome&) {}   // `on_up` announced it; a second one changes nothing
  void on(link::TrackerLink&, const control::Resolved&) {}  // the link paired it with its question
  void on(link::TrackerLink&, const control::Checked&) {}   // likewise
  void on(link::TrackerLink&, const control::Prefetch&) {}  // reserved
  void on(link::TrackerLink&, const control::Evict&) {}    // reserved
  // Peers, Hashes, Finished, Restart, Refused, Waiting.
  template <class Push>
  void on(link::TrackerLink& link, const Push& push);

  Parts parts_;
  MembershipLimits limits_;
  std::unordered_map<Digest, Membership> members_;
  std::list<Digest> by_age_;  // oldest first
  UnreachedPeers unreached_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace shoal::agent::pull
