// RegistrySlots: Slots of each registry by itself, so that a slow one is in the way of no other.
//
// Threads: the loop.
#pragma once

#include <map>
#include <string>

#include "shared/core/slots.hpp"

namespace shoal::agent::pull {

class RegistrySlots {
 public:
  explicit RegistrySlots(std::size_t count) : count_(count) {}

  std::optional<Slots::Slot> take(const std::string& upstream) {
    if (!slots_.contains(upstream)) std::erase_if(slots_, [](const auto& entry) { return !entry.second.any_taken(); });
    return slots_.try_emplace(upstream, count_).first->second.take();
  }

 private:
  std::size_t count_;
  std::map<std::string, Slots> slots_;  // of registries that have one taken, and of the last one
};

}  // namespace shoal::agent::pull
