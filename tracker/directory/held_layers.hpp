// HeldLayers: which agents hold which layers, as they say. Pure logic.
//
// Threads: the loop.
#pragma once

#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "shared/core/digest.hpp"
#include "tracker/directory/peer_choice.hpp"

namespace shoal::tracker::directory {

class HeldLayers {
 public:
  static constexpr std::size_t largest_held = 65'536;  // digests of one agent: 4 MiB; further ones are not remembered

  void add(NodeId agent, const std::vector<Digest>& digests);
  void remove(NodeId agent, const std::vector<Digest>& digests);
  // The agent holds these and no others. It costs only the changes: a thousand agents that come back together have lost
  // nothing.
  void replace(NodeId agent, const std::vector<Digest>& digests);
  void remove_agent(NodeId agent);

  std::size_t count(NodeId agent) const;
  std::vector<NodeId> holders(const Digest& digest) const;
  // Calls `visit` with one holder after the other until it returns false, each time from the next one on, so that all
  // serve.
  void visit_in_turn(const Digest& digest, const std::function<bool(NodeId)>& visit);

 private:
  struct Holders {
    std::vector<NodeId> agents;
    std::size_t next = 0;
  };
  void remove_holder(NodeId agent, const Digest& digest);

  std::unordered_map<NodeId, std::unordered_set<Digest>> by_agent_;
  std::unordered_map<Digest, Holders> by_layer_;
};

}  // namespace shoal::tracker::directory
