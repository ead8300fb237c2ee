// Rank: which of two missing pieces is asked next of one peer; the lower rank goes first. A new criterion is a line of
// the comparison, a field that `in_order` and `shared` fill, and a new `is_lowest`: it ends the search.
#pragma once

#include <algorithm>
#include <compare>

#include "shared/layer/piece_layout.hpp"
#include "shared/swarm/policy/mix.hpp"

namespace shoal::swarm {

struct Rank {
  bool is_first_missing = false;
  std::uint32_t holders = 0;  // most_holders at most
  PieceIndex place = 0;
  std::uint64_t seed = 0;  // of a shuffle
  bool is_lowest = false;  // no later candidate can be lower: the search ends. Not compared

  // Above that many holders a piece is as good as everywhere (measured).
  static constexpr std::uint32_t most_holders = 4;
  // Candidates that the fetchers at a shared peer take in orders of their own. The layer still comes nearly in order:
  // a reader waits for 32 pieces at most.
  static constexpr PieceIndex stretch = 32;

  // Candidates come in order and have one holder at least, so the first with one holder is the lowest.
  static Rank in_order(PieceIndex piece, bool is_first_missing, std::uint32_t holders) {
    return {is_first_missing, std::min(holders, most_holders), piece, 0, is_first_missing || holders <= 1};
  }
  // At a peer that is complete and that others fetch from as well. `number`: candidates before this one.
  static Rank shared(PieceIndex piece, PieceIndex number, std::uint32_t holders, std::uint64_t our_identity) {
    return {false, std::min(holders, most_holders), number / stretch, piece ^ our_identity, false};
  }

  friend std::strong_ordering operator<=>(const Rank& a, const Rank& b) {
    // The first missing piece: a reader waits for it.
    if (a.is_first_missing != b.is_first_missing) return b.is_first_missing <=> a.is_first_missing;
    // The piece with the fewest holders: it must not get lost, and it has most to give to others.
    if (a.holders != b.holders) return a.holders <=> b.holders;
    // In order, since readers take the layer from its start. At a shared peer by stretches of candidates.
    if (a.place != b.place) return a.place <=> b.place;
    // Within a stretch each fetcher has an order of its own, so that the fetchers have pieces for each other.
    return mix(a.seed) <=> mix(b.seed);
  }
};

}  // namespace shoal::swarm
