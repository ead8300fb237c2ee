// Bans: nodes that sent bytes which did not match their signed hash, to this node or to two others. A node is known by
// the name that it gave and the address that it has: a node cannot get another one banned by using its name.
//
// Bad pieces and bans end after a time: a memory cell flips now and then, and a broken machine is replaced.
// Threads: the swarm thread.
#pragma once

#include <map>

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/swarm/identity.hpp"

namespace shoal::swarm {

// Wrong pieces of one peer, after which it is asked no more and banned: one may be a broken memory cell on the way.
inline constexpr int bad_pieces_for_ban = 2;

class Bans {
 public:
  static constexpr Milliseconds forgive{600'000};  // a wrong piece, after so long without another: it was chance
  static constexpr Milliseconds lasts = control::timing::ban;

  // One more bad piece from that node; true when it is banned now.
  bool blame(const Identity& peer, Time now) {
    Entry& entry = find_or_add(peer);
    if (now - entry.last > (is_ban(entry) ? lasts : forgive)) entry.bad_pieces = 0;
    entry.last = now;
    ++entry.bad_pieces;
    return is_ban(entry);
  }
  // Decided elsewhere: by the tracker, after reports of two other nodes.
  void ban(const Identity& peer, Time now) { find_or_add(peer) = {bad_pieces_for_ban, now}; }
  bool banned(const Identity& peer, Time now) const {
    const auto found = entries_.find(peer);
    return found != entries_.end() && is_ban(found->second) && now - found->second.last <= lasts;
  }

 private:
  // About half a MiB. A peer that takes one new name after the other fills it; then an old entry makes room.
  static constexpr std::size_t most_nodes = 4096;
  struct Entry {
    int bad_pieces = 0;
    Time last{};
  };
  static bool is_ban(const Entry& entry) { return entry.bad_pieces >= bad_pieces_for_ban; }
  Entry& find_or_add(const Identity& peer) {
    if (entries_.size() >= most_nodes && !entries_.contains(peer)) entries_.erase(entries_.begin());
    return entries_[peer];
  }
  std::map<Identity, Entry> entries_;
};

}  // namespace shoal::swarm
