#include "agent/pull/holder_memory.hpp"

#include <algorithm>
#include <vector>

namespace shoal::agent::pull {

void HolderMemory::note_answer(const holder::Node& node, Milliseconds took) {
  failed_.note_success(key_of(node));
  if (took_.size() == limits_.most) took_.pop_front();
  took_.push_back(took);
}

Milliseconds HolderMemory::hedge_after() const {
  if (took_.size() < limits_.fewest) return limits_.usual;
  std::vector<Milliseconds> sorted(took_.begin(), took_.end());
  std::ranges::sort(sorted);
  return std::clamp(sorted[sorted.size() * 9 / 10], limits_.shortest, limits_.longest);
}

}  // namespace shoal::agent::pull
