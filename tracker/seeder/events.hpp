// Events: what the seeder tells the coordinator, as values in the order in which they happened.
//
// The coordinator takes them on its own turn, never in the middle of a change of the seeder: so neither calls the other
// while that one is at work. Threads: the loop.
#pragma once

#include <functional>
#include <vector>

#include "shared/core/task.hpp"
#include "tracker/seeder/request.hpp"

namespace shoal::tracker::seeder {

struct LayerKnown {  // it may be joined
  LayerInfo layer;
};
struct LayerRestarted {  // its bytes proved wrong; LayerKnown or LayerRefused follows
  Digest digest;
  Generation generation;  // the next one
};
struct LayerFinished {  // its digest matched
  LayerInfo layer;
};
struct LayerRefused {  // its swarm is left; a request that names another source is tried at once
  SeedRequest request;
  Refusal refusal;
};
struct SourceRefused {  // a source of a layer that is not known yet, while others are asked for it
  SeedRequest request;
  Refusal refusal;
};
struct HolderCorrupt {  // the digest did not match, and this agent alone had sent the bytes
  SeedRequest request;
  control::Endpoint holder;
};
using Event = std::variant<LayerKnown, LayerRestarted, LayerFinished, LayerRefused, SourceRefused, HolderCorrupt>;

// No bound of its own: a layer tells a handful of events in all, and each turn of the loop takes what is there.
class Events {
 public:
  explicit Events(Loop& loop) : loop_(loop) {}

  void push(Event event) {
    queue_.push_back(std::move(event));
    if (queue_.size() > 1 || !on_waiting_) return;
    asio::post(loop_, [this] { on_waiting_(); });
  }
  std::vector<Event> take() { return std::exchange(queue_, {}); }
  // Called on a turn of the loop of its own once events wait, taken or not.
  void on_waiting(std::function<void()> take_them) { on_waiting_ = std::move(take_them); }

 private:
  Loop& loop_;
  std::function<void()> on_waiting_;
  std::vector<Event> queue_;
};

}  // namespace shoal::tracker::seeder
