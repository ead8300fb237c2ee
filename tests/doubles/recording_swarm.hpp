// RecordingSwarm: a Swarm without a network. It is Ready through the loop, and remembers what it was told.
#pragma once

#include <map>

#include "shared/swarm/swarm.hpp"

namespace shoal {

class RecordingSwarm final : public swarm::Swarm {
 public:
  struct Joined {
    swarm::Role role;
    store::FileHandle file;
    std::function<void(swarm::Event)> events;
    std::vector<HashBatch> batches;
    std::vector<PieceIndex> in_file;
    std::vector<swarm::PeerAddress> dialled;
    bool left = false;
    PieceSet have{};
    PieceSet unproven{};
    bool is_window = false;
    PieceIndex wanted_end = 0;
    bool wants_parts = false;
    std::vector<PieceIndex> first{};
  };

  explicit RecordingSwarm(Loop& loop) : loop_(loop) {}

  void join(swarm::Membership membership) override {
    Joined& joined = swarms[membership.name];
    joined = Joined{membership.role, membership.file, membership.events, {}, {}, {}, false};
    joined.have = membership.have;
    joined.unproven = membership.unproven;
    joined.is_window = membership.is_window;
    joined.wants_parts = membership.wants_parts;
    asio::post(loop_, [this, name = membership.name] { report(name, swarm::Ready{}); });
  }
  void connect(const SwarmName& name, std::vector<swarm::PeerAddress> peers) override {
    auto& dialled = swarms.at(name).dialled;
    dialled.insert(dialled.end(), peers.begin(), peers.end());
    if (!reaches_peers) return;
    for (const auto& peer : peers) {
      asio::post(loop_, [this, name, peer] { report(name, swarm::PeerReached{peer.is_seeder}); });
    }
  }
  void publish(const SwarmName& name, swarm::Publication publication) override {
    Joined& joined = swarms.at(name);
    joined.batches.insert(joined.batches.end(), publication.batches.begin(), publication.batches.end());
    if (publication.wanted_end) joined.wanted_end = *publication.wanted_end;
    if (publication.first) joined.first = *publication.first;
    joined.in_file.insert(joined.in_file.end(), publication.in_file.begin(), publication.in_file.end());
  }
  void leave(const SwarmName& name) override { swarms.at(name).left = true; }
  void ban(const swarm::Identity& who) override { banned.push_back(who); }

  void report(const SwarmName& name, swarm::Event event) {
    if (!swarms.at(name).left) swarms.at(name).events(std::move(event));
  }

  std::map<SwarmName, Joined> swarms;
  std::vector<swarm::Identity> banned;
  bool reaches_peers = true;

 private:
  Loop& loop_;
};

}  // namespace shoal
