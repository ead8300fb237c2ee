// Session: libtorrent's session and the swarms this node is in, on the io_context that the swarm thread runs.
//
// What libtorrent 2.0.8 needs beyond its settings (session_settings.cpp) stands where it is done: how it is made to
// dial at once, and to dial again a peer that was away. Threads: constructed before the thread starts; `port` from
// outside it, everything else on it.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>
#include <map>
#include <memory>
#include <optional>

#include "shared/swarm/member/member.hpp"
#include "shared/swarm/libtorrent/peer_link.hpp"

namespace shoal::swarm {

class Session {
 public:
  using Report = std::function<void(Event)>;

  Session(Loop& io, const Clock& clock, const Options& options, Metrics& metrics);

  std::uint16_t port() const;  // 0 when nothing listens; waits for the swarm thread
  void join(Membership membership, Report report);
  void connect(const SwarmName& name, std::vector<PeerAddress> peers);
  void publish(const SwarmName& name, const Publication& publication);
  void leave(const SwarmName& name);
  void ban(const Identity& peer);
  // Ends all work on the io_context, so that its `run` returns; the Session is destroyed after that.
  void stop();

 private:
  struct Joined {
    std::shared_ptr<Member> member;  // Shared: libtorrent owns plugins that outlive the swarm and see the end of it.
    libtorrent::torrent_handle torrent;
    Report report;
    bool ready = false;
    std::vector<PeerAddress> peers;  // to dial once ready
    std::shared_ptr<Endpoints> seeders;  // Shared: with the torrent's plugin, which libtorrent owns.
  };
  void ready(const SwarmName& name, const std::shared_ptr<Member>& member);
  void dial(Joined& joined);
  void tick();
  void return_memory();

  Loop& io_;
  const Clock& clock_;
  NodeState node_;
  std::map<SwarmName, Joined> joined_;
  asio::steady_timer timer_;
  bool ticking_ = false;
  Interval without_links_{Milliseconds(1'000)};  // members that have none have little to do
  std::optional<Time> left_at_;  // a swarm, whose memory has not been given back since
  std::unique_ptr<libtorrent::session> session_;
  std::optional<libtorrent::session_proxy> stopping_;
  asio::thread_pool worker_{1};  // hashes and writes large pieces; ends before all else here
};

}  // namespace shoal::swarm
