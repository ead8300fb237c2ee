// Reach: which of the nodes that the tracker named for a swarm could be connected to. Pure: time is given.
//
// Threads: the loop.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "shared/control/messages.hpp"
#include "shared/core/clock.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::agent::pull {

class Reach {
 public:
  static constexpr std::size_t most_peers = 64;  // remembered by name; a member has 18 neighbours at most

  // With the host filled in.
  void note_named(const control::Endpoint& endpoint, Time now) {
    if (endpoint.is_seeder) {
      seeder_ = endpoint;
    } else {
      if (!peer_named_at_) peer_named_at_ = now;
      if (peers_.size() < most_peers) peers_.push_back(endpoint);
    }
  }
  void note_reached(bool is_seeder) { (is_seeder ? seeder_reached_ : peer_reached_) = true; }
  void note_seeder_piece(Time now) {
    seeder_reached_ = true;
    seeder_piece_at_ = now;
  }
  // The peer's endpoint, the first time that it could not be reached.
  std::optional<control::Endpoint> note_not_reached(const swarm::PeerAddress& address) {
    if (address.is_seeder) seeder_refused_ = true;
    const auto found = std::ranges::find_if(peers_, [&](const control::Endpoint& peer) {
      return peer.host == address.host && peer.port == address.port;
    });
    if (found == peers_.end()) return std::nullopt;
    control::Endpoint peer = std::move(*found);
    peers_.erase(found);
    return peer;
  }

  const std::optional<control::Endpoint>& seeder() const { return seeder_; }
  bool seeder_reached() const { return seeder_reached_; }
  bool seeder_refused() const { return seeder_refused_; }  // the network said so, or libtorrent's limit has passed
  std::optional<Time> seeder_piece_at() const { return seeder_piece_at_; }
  bool peer_reached() const { return peer_reached_; }
  std::optional<Time> peer_named_at() const { return peer_named_at_; }  // the first one

 private:
  std::optional<control::Endpoint> seeder_;
  std::vector<control::Endpoint> peers_;  // named and not known to be unreachable
  bool seeder_reached_ = false;
  bool seeder_refused_ = false;
  bool peer_reached_ = false;
  std::optional<Time> seeder_piece_at_;
  std::optional<Time> peer_named_at_;
};

}  // namespace shoal::agent::pull
