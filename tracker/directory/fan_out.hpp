// FanOut: which node serves a small layer to which, while many agents ask for it at once. The tracker serves a few
// agents, these serve others even before they have the layer themselves: so neither the tracker's uplink nor that of
// one agent is the bottleneck. Pure logic.
//
// Each agent that asks is sent to the source with the least to do: agents that it serves layers to and that do not hold
// them yet, and half of the agents that were sent to it lately, over all layers; two more for each step that the layer
// itself must still take to get there. An agent in another zone counts as two steps away, and the tracker as twice as
// busy as it is: each byte that an agent sends is spared to the tracker. The recent agents count because the first to
// ask for one layer is the first to ask for the next: with the waiting agents alone one of twelve served 71 of 480
// layers, the tracker 65. Threads: the loop.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/core/digest.hpp"
#include "tracker/directory/peer_choice.hpp"

namespace shoal::tracker::directory {

class FanOut {
 public:
  static constexpr Milliseconds remembered{30'000};  // a layer that no agent asked for is removed then
  static constexpr std::size_t looked_at = 32;       // weighed for one answer, random ones above; bounds its cost
  static constexpr std::size_t steps_between_zones = 2;  // a source of the own zone goes first unless it is busier
  // Forty layers of 100 KiB on 12 nodes at 20 Mbit/s, last node: 4.0 s with 1, 1 and 0, 2.9 s with these. At 10 Mbit/s
  // the tracker sent 1.6 copies with 2, 2 and 0 and sends 1.2 with these.
  static constexpr double step_counts = 2;
  static constexpr double tracker_counts = 2;
  static constexpr double recent_counts = 0.5;

  // How far the asking agent is from another: nothing when it cannot reach it or is not to be sent there.
  using Distance = std::function<std::optional<std::size_t>(NodeId)>;

  struct Question {
    const Digest& digest;
    NodeId node;                         // that asks
    const std::vector<NodeId>& holders;  // that have the layer already
  };
  // The agent that serves the layer; nothing: the tracker does.
  std::optional<NodeId> source_for(const Question& question, const Distance& distance, Time now, std::mt19937& random);
  void note_held(NodeId node, const Digest& digest);  // it has the layer now
  void remove(NodeId node);                           // it neither asks nor serves any more
  void tick(Time now);

 private:
  using Source = std::optional<NodeId>;
  struct Taker {
    Source source;
    bool waiting = true;  // does not hold it yet
  };
  struct Layer {
    std::map<NodeId, Taker> takers;
    std::vector<NodeId> order;
    Time asked;
  };
  struct Score {  // less is better
    double to_do;
    int rank;  // 0: an agent that has the layer, 1: the tracker, 2: an agent that waits for it
    friend auto operator<=>(const Score&, const Score&) = default;
  };
  static std::optional<std::size_t> steps_to(const Layer& layer, NodeId agent, NodeId node);
  static std::vector<NodeId> some_of(const std::vector<NodeId>& takers, std::mt19937& random);
  void begins(Taker& taker, Source source);
  void ends(Taker& taker);
  std::size_t busy(Source source) const;
  double load(Source source) const;

  std::unordered_map<Digest, Layer> layers_;
  std::map<Source, double> recent_;     // agents that were sent to a source, halved each tick
  std::map<Source, std::size_t> busy_;  // agents that wait for a source
};

}  // namespace shoal::tracker::directory
