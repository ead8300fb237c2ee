#include "agent/activity/caller.hpp"

#include <array>

namespace shoal::agent::activity {

const char* text(By by) {
  constexpr std::array<const char*, 4> words{"anonymous", "credential", "node", "cluster"};
  return words.at(static_cast<std::size_t>(by));
}

}  // namespace shoal::agent::activity
