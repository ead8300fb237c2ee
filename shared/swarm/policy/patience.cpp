#include "shared/swarm/policy/patience.hpp"

#include <algorithm>

namespace shoal::swarm {
namespace {

constexpr int most_silences = 5;  // counted: a silent peer is tried again after 2, 4, ... 32 times our patience

}  // namespace

// By what is usual with the peer itself, unless that is far from what is usual with the others.
Milliseconds Patience::with(const Reliability& peer) const {
  const Milliseconds usual = peer.usual.count() > 0 ? std::min(peer.usual, usual_ * slow_times) : usual_;
  return std::max(least, usual * usual_times);
}

void Patience::note_delivery(Reliability& peer, Time since, Time now) {
  // Less than the unit is not "not known".
  const Milliseconds took = std::max(Milliseconds(1), std::chrono::duration_cast<Milliseconds>(now - since));
  peer.usual = peer.usual.count() == 0 ? took : (peer.usual * 3 + took) / 4;
  // One peer that trickles does not make trickling usual.
  usual_ = usual_.count() == 0 ? took : (usual_ * 7 + std::min(took, usual_ * 2 + Milliseconds(8))) / 8;
}

void Patience::note_whole_piece(Reliability& peer, Time now) {
  peer.heard = now;
  peer.avoided_until = Time{};
  peer.silences = 0;
}

void Patience::note_silence(Reliability& peer, Time now) const {
  peer.silences = std::min(peer.silences + 1, most_silences);
  peer.avoided_until = now + with(peer) * (1 << peer.silences);
}

}  // namespace shoal::swarm
