// HolderMemory: which nodes did not send a small layer lately or were overtaken, and how long those that sent one took.
// Pure: time is given.
//
// On links that are full most nodes are overtaken, and none of them is to blame: asked last, all would leave their work to
// the tracker. So a node that was overtaken is asked last only while those like it are few.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <map>
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
  // Of the nodes that were heard of lately, the tracker among them: one, or this part.
  static constexpr std::size_t few_are_one_of = 3;

  explicit HolderMemory(HedgeLimits limits = {}) : limits_(limits) {}

  // True when the node is given a rest now.
  bool note_failure(const holder::Node& node, Time now) { return failed_.note_failure(key_of(node), now); }
  // It was asked first, and another one sent the layer in a small part of the time: no failure, so nothing is told.
  void note_overtaken(const holder::Node& node, Time now);
  void note_answer(const holder::Node& node, Milliseconds took, Time now);
  // For its rest and a minute more it is asked after the others: to try it again costs no pull a wait.
  bool avoids(const holder::Node& node, Time now) const;
  bool are_few_overtaken(Time now) const;
  Milliseconds hedge_after() const;

 private:
  using Key = std::pair<std::string, std::uint16_t>;
  static Key key_of(const holder::Node& node) { return {node.host, node.port}; }
  void hear(const Key& key, Time now);

  HedgeLimits limits_;
  FailureMemory<Key> failed_;
  FailureMemory<Key> overtaken_;
  std::map<Key, Time> heard_;  // nodes that answered or were overtaken, and when they did so last
  std::deque<Milliseconds> took_;
};

}  // namespace shoal::agent::pull
