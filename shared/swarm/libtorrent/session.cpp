#include "shared/swarm/libtorrent/session.hpp"

#include <malloc.h>

#include "shared/core/check.hpp"
#include "shared/log/log.hpp"
#include "shared/swarm/libtorrent/session_settings.hpp"

namespace shoal::swarm {
namespace {

constexpr Milliseconds tick_interval{20};  // offers are batched by 10 ms, patience is 2 s
constexpr Milliseconds memory_kept{5'000};  // after the last of several swarms was left; its connections are closed by then

}  // namespace

Session::Session(Loop& io, const Clock& clock, const Options& options, Metrics& metrics)
    : io_(io), clock_(clock), node_{options.node, options.zone, metrics}, timer_(io) {
  node_.run_on_worker = [this](std::function<void()> work, std::function<void(Time)> done) {
    asio::post(worker_, [this, work = std::move(work), done = std::move(done)]() mutable {
      work();
      work = nullptr;
      asio::post(io_, [this, done = std::move(done)] { done(clock_.now()); });
    });
  };
  session_ = std::make_unique<lt::session>(session_params(options), io_);
  session_->set_peer_class_filter(every_address_limited());
}

std::uint16_t Session::port() const {
  return session_->listen_port();
}

void Session::join(Membership membership, Report report) {
  const SwarmName name = membership.name;
  const auto member = std::make_shared<Member>(std::move(membership), node_, report);
  const auto seeders = std::make_shared<Endpoints>();
  lt::add_torrent_params params = torrent_params(name);
  params.extensions.push_back(
      [this, name, seeders, report, member = std::weak_ptr(member)](lt::torrent_handle const&, lt::client_data_t) {
        // Not from within libtorrent's own call: `ready` dials.
        const auto is_ready = [this, name, member] {
          asio::post(io_, [this, name, member] { ready(name, member.lock()); });
        };
        return std::make_shared<TorrentLinks>(clock_, member, seeders, is_ready, report);
      });
  lt::error_code error;
  const lt::torrent_handle torrent = session_->add_torrent(std::move(params), error);
  if (error) {
    report(Failed{Error{ErrorKind::unavailable, "join swarm " + name.text() + ": " + error.message()}});
    return;
  }
  joined_[name] = Joined{member, torrent, std::move(report), false, {}, seeders};
  if (!ticking_) tick();
}

void Session::ready(const SwarmName& name, const std::shared_ptr<Member>& member) {
  const auto found = joined_.find(name);
  if (found == joined_.end() || found->second.member != member || found->second.ready) return;
  found->second.ready = true;
  found->second.report(Ready{});
  dial(found->second);
}

void Session::connect(const SwarmName& name, std::vector<PeerAddress> peers) {
  const auto found = joined_.find(name);
  if (found == joined_.end()) return;
  Joined& joined = found->second;
  joined.peers.insert(joined.peers.end(), peers.begin(), peers.end());
  joined.member->expect_peers(clock_.now());
  if (joined.ready) dial(joined);
}

// 2.0.8 dials new peers once a second, but at once when a torrent is resumed. Our plugin lets a pause cut nothing. It
// gives up a peer that was away for some seconds; each time that a tracker names one takes a failure away.
void Session::dial(Joined& joined) {
  if (joined.peers.empty()) return;
  for (const PeerAddress& peer : joined.peers) {
    lt::error_code error;
    const lt::address address = lt::make_address(peer.host, error);
    if (error || peer.port == 0) {
      log::warning("swarm", "peer address invalid",
                   {{"host", peer.host}, {"port", peer.port}, {"next", "set advertise of that node to an IP address"}});
      continue;
    }
    if (peer.is_seeder) joined.seeders->insert({address, peer.port});
    for (int failure = 0; failure < most_failed_dials; ++failure) {
      joined.torrent.connect_peer({address, peer.port}, lt::peer_info::tracker);
    }
  }
  joined.peers.clear();
  joined.torrent.pause();
  joined.torrent.resume();
}

void Session::publish(const SwarmName& name, const Publication& publication) {
  const auto found = joined_.find(name);
  if (found != joined_.end()) found->second.member->publish(publication, clock_.now());
}

void Session::leave(const SwarmName& name) {
  const auto found = joined_.find(name);
  if (found == joined_.end()) return;
  session_->remove_torrent(found->second.torrent);
  joined_.erase(found);
  left_at_ = clock_.now();
}

// A connected peer is disconnected at its next message (Member::receive).
void Session::ban(const Identity& peer) {
  node_.bans.ban(peer, clock_.now());
}

void Session::tick() {
  ticking_ = (!joined_.empty() || left_at_) && !stopping_;
  if (!ticking_) return;
  const bool is_due = without_links_.is_due(clock_.now());
  for (auto& [name, joined] : joined_) {
    if (is_due || joined.member->has_links()) joined.member->tick(clock_.now());
  }
  return_memory();
  timer_.expires_after(tick_interval);
  timer_.async_wait([this](const IoError& error) {
    if (!error) tick();
  });
}

// The allocator keeps what swarms have used, some tens of MiB after hundreds of them.
void Session::return_memory() {
  if (!left_at_ || clock_.now() - *left_at_ < memory_kept) return;
  left_at_.reset();
  asio::post(worker_, [] { ::malloc_trim(0); });
}

void Session::stop() {
  joined_.clear();
  stopping_ = session_->abort();
  session_.reset();
  timer_.cancel();
}

}  // namespace shoal::swarm
