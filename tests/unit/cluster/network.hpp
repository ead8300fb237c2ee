// Network: what connects the nodes of a simulated cluster. Everything that is sent arrives later, in order, over the
// sender's uplink; a node may be cut off, frozen or lie. Swarms are real Members, control connections real sessions.
//
// Threads: one.
#pragma once

#include <deque>
#include <map>

#include "shared/core/signal.hpp"
#include "shared/http/websocket.hpp"
#include "shared/swarm/member/member.hpp"
#include "tests/doubles/timetable.hpp"
#include "tests/unit/cluster/virtual_time.hpp"

namespace shoal::cluster {

inline constexpr Milliseconds latency{1};

class Network {
 public:
  struct Node {
    std::uint64_t uplink_bytes_per_second = 20'000'000;
    Time uplink_free{};
    Time frozen_until{};
    bool is_cut_off = false;  // as if its machine had stopped
  };

  Node& node(const std::string& host) { return nodes_[host]; }
  void at(Time when, std::function<void()> what) { timetable_.at(when, std::move(what)); }
  // Over the uplink of `from`; dropped when either end is cut off, late when `to` is frozen.
  void send(const std::string& from, const std::string& to, std::size_t bytes, std::function<void()> arrive);
  void deliver(Time now);  // everything due

 private:
  void arrive_at(const std::string& to, const std::function<void()>& arrive);
  std::map<std::string, Node> nodes_;
  Timetable timetable_;
};

// One end of a control connection.
class Socket final : public http::WebSocket {
 public:
  using Pair = std::pair<std::unique_ptr<http::WebSocket>, std::unique_ptr<http::WebSocket>>;
  static Pair connect(Loop& loop, Network& network, const std::string& from, const std::string& to);
  ~Socket() override { close({}); }

  Task<Result<Bytes>> receive() override;
  void send(Bytes message) override;
  void close(std::string cause) override;
  void ping() override;
  std::uint64_t heard() const override { return state_->heard; }
  Milliseconds round_trip() const override { return {}; }
  std::string peer_address() const override { return state_->other; }
  std::string local_address() const override { return state_->own; }

 private:
  struct State {
    State(Loop& loop, Network& through) : network(through), arrived(loop) {}
    Network& network;
    std::string own;
    std::string other;
    std::deque<Bytes> inbox;
    Signal arrived;
    bool is_open = true;
    std::uint64_t heard = 0;
    std::weak_ptr<State> peer;
  };
  explicit Socket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static void end(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

// The swarms of one node.
class MemorySwarm final : public swarm::Swarm {
 public:
  using Everybody = std::map<std::string, MemorySwarm*>;  // by host

  MemorySwarm(Loop& loop, Network& network, Everybody& everybody, const std::string& host, const std::string& node);
  ~MemorySwarm() override;

  void join(swarm::Membership membership) override;
  void connect(const SwarmName& name, std::vector<swarm::PeerAddress> peers) override;
  void publish(const SwarmName& name, swarm::Publication publication) override;
  void leave(const SwarmName& name) override;
  void ban(const swarm::Identity& who) override { node_.bans.ban(who, VirtualTime::now()); }

  void tick();
  void cut_all();
  bool bans(const std::string& node, const std::string& host) const {
    return node_.bans.banned({node, host}, VirtualTime::now());
  }

  bool lies = false;  // every piece that it sends is wrong

 private:
  class Link;
  struct Joined {
    std::shared_ptr<swarm::Member> member;
    std::function<void(swarm::Event)> events;
    std::function<void(swarm::Event)> report;  // through the loop
    std::vector<std::shared_ptr<Link>> links;
  };
  void open(const SwarmName& name, MemorySwarm& other, bool leads_to_seeder);
  std::shared_ptr<Link> add_link(const SwarmName& name, MemorySwarm& other, bool leads_to_seeder);
  void receive(const std::shared_ptr<Link>& link, const Bytes& body);
  static void close(const std::shared_ptr<Link>& link);

  Loop& loop_;
  Network& network_;
  Everybody& everybody_;
  std::string host_;
  swarm::Metrics metrics_;
  swarm::NodeState node_;
  std::map<SwarmName, Joined> joined_;
};

}  // namespace shoal::cluster
