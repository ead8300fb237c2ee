// RegistrySlots: Slots of each registry by itself, so that a slow one is in the way of no other.
//
// Threads: the loop.
#pragma once

#include <map>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/slots.hpp"
#include "shared/core/task.hpp"

namespace shoal::agent::pull {

class RegistrySlots {
 public:
  explicit RegistrySlots(std::size_t count) : count_(count) {}

  std::optional<Slots::Slot> take(const std::string& upstream) {
    if (!slots_.contains(upstream)) std::erase_if(slots_, [](const auto& entry) { return !entry.second.any_taken(); });
    return slots_.try_emplace(upstream, count_).first->second.take();
  }
  // The same, waiting for one. None is signalled, and all are seldom taken.
  Task<std::optional<Slots::Slot>> take_within(Milliseconds limit, Clock& clock, std::string upstream) {
    constexpr Milliseconds next_look{20};
    const Time due = clock.now() + limit;
    for (;;) {
      auto slot = take(upstream);
      if (slot || clock.now() >= due) co_return slot;
      co_await clock.sleep(next_look);
    }
  }

 private:
  std::size_t count_;
  std::map<std::string, Slots> slots_;  // of registries that have one taken, and of the last one
};

}  // namespace shoal::agent::pull
