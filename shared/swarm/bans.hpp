// Bans: which nodes sent this one bytes that did not match their signed hash, or two others. By the name a node gave
// and the address it has, so that nobody is banned for what another does in its name.
//
// Neither counts for ever: a memory cell flips now and then, and a broken machine is replaced.
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
  static constexpr Milliseconds forgive{600'000};  // a wrong piece, after so long without another
  static constexpr Milliseconds lasts = control::timing::ban;

  // One more bad piece from that node; true when it is banned now.
  bool blame(const Identity& who, Time now) {
    Entry& entry = find_or_add(who);
    if (now - entry.last > (is_ban(entry) ? lasts : forgive)) entry.bad_pieces = 0;
    entry.last = now;
    ++entry.bad_pieces;
    return is_ban(entry);
  }
  // What others found out.
  void ban(const Identity& who, Time now) { find_or_add(who) = {bad_pieces_for_ban, now}; }
  bool banned(const Identity& who, Time now) const {
    const auto found = entries_.find(who);
    return found != entries_.end() && is_ban(found->second) && now - found->second.last <= lasts;
  }

 private:
  static constexpr std::size_t most_nodes = 4096;
  struct Entry {
    int bad_pieces = 0;
    Time last{};
  };
  static bool is_ban(const Entry& entry) { return entry.bad_pieces >= bad_pieces_for_ban; }
  Entry& find_or_add(const Identity& who) {
    if (entries_.size() >= most_nodes && !entries_.contains(who)) entries_.erase(entries_.begin());
    return entries_[who];
  }
  std::map<Identity, Entry> entries_;
};

}  // namespace shoal::swarm
