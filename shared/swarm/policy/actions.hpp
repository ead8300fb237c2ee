// The values that go into the policy and come out of it: a new peer's facts, how a piece that begins to arrive is
// received, what is to be sent to which peer.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "shared/layer/piece_layout.hpp"
#include "shared/swarm/piece_range.hpp"

namespace shoal::swarm {

using PeerId = std::uint32_t;  // one connection

struct Ask {
  PeerId peer;
  PieceIndex piece;
};
struct Push {
  PeerId peer;
  PieceIndex piece;
};
struct Offer {
  PeerId peer;
  std::vector<PieceRange> ranges;
};
using Action = std::variant<Ask, Push, Offer>;

enum class Arrival : std::uint8_t {
  asked,
  duplicate,  // of a piece that we have
  unasked,
};

enum class Nearness : std::uint8_t {
  nowhere,  // we have no zone: all peers are alike
  near,     // in our zone
  far,      // in another one, or in none, as the tracker
};

struct NewPeer {
  bool is_seeder = false;
  Nearness nearness = Nearness::nowhere;
  std::uint64_t identity = 0;  // of its node, the same wherever it is computed
  bool takes_only = false;     // it keeps no piece: none is pushed to it
  bool is_lagging = false;     // it was in another swarm, and rests for that
};

}  // namespace shoal::swarm
