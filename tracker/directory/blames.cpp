#include "tracker/directory/blames.hpp"

#include <algorithm>

namespace shoal::tracker::directory {

bool Blames::report(const Accused& accused, const std::string& reporter_host, Time now) {
  if (entries_.size() >= most_accused && !entries_.contains(accused)) {
    entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry.second.last; }));
  }
  Entry& entry = entries_[accused];
  if (!counts(entry, now)) entry.reporters.clear();
  const bool was_ban = is_ban(entry);
  if (was_ban) return false;
  entry.last = now;
  entry.reporters.insert(reporter_host);
  return is_ban(entry);
}

bool Blames::banned(const Accused& accused, Time now) const {
  const auto found = entries_.find(accused);
  return found != entries_.end() && is_ban(found->second) && counts(found->second, now);
}

std::vector<Accused> Blames::all_banned(Time now) const {
  std::vector<Accused> all;
  for (const auto& [accused, entry] : entries_) {
    if (is_ban(entry) && counts(entry, now)) all.push_back(accused);
  }
  return all;
}

}  // namespace shoal::tracker::directory
