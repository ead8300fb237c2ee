// Role: what a node does in one swarm.
#pragma once

#include <cstdint>

namespace shoal::swarm {

enum class Role : std::uint8_t {  // the numbers are on the wire
  fetch,                          // lacks pieces of the layer, offers those it has
  hold,                           // has all pieces and all hashes
  seed,  // the tracker: pieces become available through `publish` and are pushed once each, in order
};

}  // namespace shoal::swarm
