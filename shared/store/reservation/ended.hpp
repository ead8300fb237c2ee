// How reservations end, told by any thread and read by the store. Inside this room only.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "shared/core/digest.hpp"

namespace shoal::store {

enum class Outcome {
  removed,  // or held: nothing is in partial/
  partial,  // its pieces stay for a later pull
};

struct Ended {
  Digest digest;
  Outcome outcome;
};

// Threads: any.
class EndQueue {
 public:
  void add(const Ended& ended) {
    const std::scoped_lock lock(mutex_);
    ended_.push_back(ended);
  }
  std::vector<Ended> take_all() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(ended_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Ended> ended_;  // at most one for each active reservation
};

}  // namespace shoal::store
