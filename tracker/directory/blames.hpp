// Blames: reports of agents that a node sent them corrupt pieces. Two reporters on different hosts make a ban for an
// hour; one reporter alone may be corrupt itself, or hostile. Pure logic: time is given.
//
// Two hostile hosts together can ban a third: the identity of a node is not proved.
// Threads: the loop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "shared/control/timing.hpp"
#include "shared/core/clock.hpp"
#include "shared/swarm/identity.hpp"

namespace shoal::tracker::directory {

using Accused = swarm::Identity;

class Blames {
 public:
  static constexpr Milliseconds remembered = control::timing::ban;  // a report and a ban
  static constexpr std::size_t reporters_for_ban = 2;
  static constexpr std::size_t most_accused = 1'024;  // the oldest makes room; 200 KB

  // True when the accused is banned from now on.
  bool report(const Accused& accused, const std::string& reporter_host, Time now);
  bool banned(const Accused& accused, Time now) const;
  bool empty() const { return entries_.empty(); }  // there was no report yet
  std::vector<Accused> all_banned(Time now) const;

 private:
  struct Entry {
    std::set<std::string> reporters;  // hosts, reporters_for_ban at most
    Time last{};
  };
  static bool counts(const Entry& entry, Time now) { return now - entry.last <= remembered; }
  static bool is_ban(const Entry& entry) { return entry.reporters.size() >= reporters_for_ban; }
  std::map<Accused, Entry> entries_;
};

}  // namespace shoal::tracker::directory
