#include "shared/swarm/policy/offers.hpp"

namespace shoal::swarm {

void queue_offers(Peer& newcomer, const PieceSet& shown_before, const PieceSet& shown_now) {
  for (PieceIndex piece = 0; piece < shown_now.size(); ++piece) {
    if (shown_now.has(piece) && !shown_before.has(piece)) newcomer.offers.pieces.push_back(piece);
  }
}

void queue_offers(PeerTable& peers, PieceIndex piece) {
  for (auto& [id, peer] : peers) {
    if (peer.node.is_seeder || !peer.has.has(piece)) peer.offers.pieces.push_back(piece);
  }
}

void decide_offers(PeerTable& peers, Time now, std::vector<Action>& actions) {
  for (auto& [id, peer] : peers) {
    if (peer.offers.pieces.empty()) continue;
    const Milliseconds apart = peer.node.is_seeder ? offer_interval_to_seeder : offer_interval;
    if (!peer.offers.at_once && now < peer.offers.told + apart) continue;
    actions.push_back(Offer{id, ranges_of(std::move(peer.offers.pieces))});
    peer.offers.pieces.clear();
    peer.offers.told = now;
    peer.offers.at_once = false;
  }
}

}  // namespace shoal::swarm
