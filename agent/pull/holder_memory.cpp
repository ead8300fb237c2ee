#include "agent/pull/holder_memory.hpp"

#include <algorithm>
#include <vector>

namespace shoal::agent::pull {

namespace {

constexpr Milliseconds lately{60'000};
constexpr std::size_t most_heard = 1'024;  // nodes, some 100 KB

}  // namespace

void HolderMemory::note_overtaken(const holder::Node& node, Time now) {
  hear(key_of(node), now);
  static_cast<void>(overtaken_.note_failure(key_of(node), now));
}

void HolderMemory::note_answer(const holder::Node& node, Milliseconds took, Time now) {
  hear(key_of(node), now);
  failed_.note_success(key_of(node));
  overtaken_.note_success(key_of(node));
  if (took_.size() == limits_.most) took_.pop_front();
  took_.push_back(took);
}

void HolderMemory::hear(const Key& key, Time now) {
  if (heard_.size() >= most_heard && !heard_.contains(key)) {
    std::erase_if(heard_, [now](const auto& entry) { return now - entry.second > lately; });
    if (heard_.size() >= most_heard) heard_.erase(heard_.begin());
  }
  heard_[key] = now;
}

bool HolderMemory::avoids(const holder::Node& node, Time now) const {
  const Key key = key_of(node);
  return failed_.knows(key, now) || (overtaken_.knows(key, now) && are_few_overtaken(now));
}

bool HolderMemory::are_few_overtaken(Time now) const {
  std::size_t heard = 0;
  std::size_t overtaken = 0;
  for (const auto& [key, at] : heard_) {
    if (overtaken_.knows(key, now)) {
      ++overtaken;
    } else if (now - at <= lately) {
      ++heard;
    }
  }
  return overtaken <= std::max<std::size_t>(1, (heard + overtaken) / few_are_one_of);
}

Milliseconds HolderMemory::hedge_after() const {
  if (took_.size() < limits_.fewest) return limits_.usual;
  std::vector<Milliseconds> sorted(took_.begin(), took_.end());
  std::ranges::sort(sorted);
  return std::clamp(sorted[sorted.size() * 9 / 10], limits_.shortest, limits_.longest);
}

}  // namespace shoal::agent::pull
