// QuestionSlots: how many questions a registry is asked at the same time, for tags and for single layers together. Further
// ones wait in the order in which they came.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/core/signal.hpp"

namespace shoal::tracker {

class QuestionSlots {
 public:
  // Connections at once to one registry. At 50 ms a question it answers 1,280 a second: more than registries allow.
  static constexpr std::size_t most_at_once = 64;

  using Slot = std::shared_ptr<void>;  // the registry's, until it is destroyed

  QuestionSlots(Loop& loop, Clock& clock) : loop_(loop), clock_(clock) {}

  // `unavailable` when no slot was free within `limit`.
  Task<Result<Slot>> take(std::string upstream, Milliseconds limit);
  std::size_t in_use(const std::string& upstream) const;

 private:
  struct Waiting {
    explicit Waiting(Loop& loop) : turn(loop) {}
    Signal turn;
    bool has_slot = false;
  };
  struct Registry {
    std::size_t in_use = 0;
    std::deque<std::shared_ptr<Waiting>> waiting;  // Shared: with the coroutine that waits
  };
  using Registries = std::map<std::string, Registry>;  // those that are asked now
  Slot make_slot(std::string registry);
  static void pass_on(Registries& registries, const std::string& registry);

  Loop& loop_;
  Clock& clock_;
  std::shared_ptr<Registries> registries_ = std::make_shared<Registries>();  // Shared: with the slots
};

}  // namespace shoal::tracker
