// HolderMemory: which nodes did not send a small layer lately, and how long those that did took. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <string>

#include "shared/core/failure_memory.hpp"
#include "shared/holder/protocol.hpp"

namespace shoal::agent::pull {

struct HedgeLimits {
  // A further node is asked when the first has been silent for as long as all but a tenth of the recent answers took.
  Milliseconds shortest{50};  // below it a pause of a busy machine would be taken for a failure
  Milliseconds longest{250};  // a sick node costs the others no more than this and an answer
  Milliseconds usual{150};    // before there are enough answers
  std::size_t fewest = 8;     // answers that tell what is usual
  std::size_t most = 32;      // the latest ones: a network that has changed is known after one image
};

class HolderMemory {
 public:
  explicit HolderMemory(HedgeLimits limits = {}) : limits_(limits) {}

  // True when the node is given a rest now.
  bool note_failure(const holder::Node& node, Time now) { return failed_.note_failure(key_of(node), now); }
  void note_answer(const holder::Node& node, Milliseconds took);
  // For its rest and a minute more it is asked after those that did not fail: to try it again costs no pull a wait.
  bool avoids(const holder::Node& node, Time now) const { return failed_.knows(key_of(node), now); }
  Milliseconds hedge_after() const;

 private:
  using Key = std::pair<std::string, std::uint16_t>;
  static Key key_of(const holder::Node& node) { return {node.host, node.port}; }

  HedgeLimits limits_;
  FailureMemory<Key> failed_;
  std::deque<Milliseconds> took_;
};

}  // namespace shoal::agent::pull
