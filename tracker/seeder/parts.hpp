// Parts: what the seeder and its fetches work with. Everything referred to outlives them.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <functional>

#include "shared/core/pool.hpp"
#include "shared/store/store.hpp"
#include "shared/swarm/swarm.hpp"
#include "tracker/seeder/events.hpp"
#include "tracker/seeder/keys.hpp"
#include "tracker/seeder/layer_source.hpp"
#include "tracker/seeder/metrics.hpp"
#include "tracker/seeder/pace.hpp"

namespace shoal::tracker::seeder {

Generation random_generation();  // far from the last one

// Agents that serve a layer which the store does not have: they are asked before the origin is.
using FindHolders = std::function<std::deque<control::Endpoint>(const Digest&)>;

struct Swarms {
  // Of a fetch that starts from nothing. A tracker that lost its memory must not give another stream a name under which
  // agents still have pieces: they would offer wrong ones, and be banned for it.
  Generation (*new_generation)() = random_generation;
  // At once, those of fetches included: the layers of a hundred images. Fewer when descriptors are few.
  std::size_t most = 4'096;
  std::function<bool(const Digest&)> is_needed{};  // whether a member of a layer's swarm lacks pieces; none: always
};

struct Parts {
  Loop& loop;
  Clock& clock;
  Pool& pool;
  store::Store& store;
  swarm::Swarm& swarm;
  LayerSource& source;
  const Keys& keys;
  Pace& pace;
  SeederMetrics& metrics;
  Events& events;
  FindHolders find_holders;
  Swarms swarms{};
};

}  // namespace shoal::tracker::seeder
