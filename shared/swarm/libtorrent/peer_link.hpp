// PeerLink: one of libtorrent's connections as a Member's Link: our extension (BEP 10) inside the BitTorrent protocol.
// TorrentLinks: makes one for each connection of one torrent.
//
// Source: libtorrent 2.0.8's public plugin interface. The peer sees libtorrent's handshake, then extension messages
// only. Threads: the swarm thread; libtorrent owns both.
#pragma once

#include <functional>
#include <libtorrent/extensions.hpp>
#include <libtorrent/peer_connection_handle.hpp>
#include <libtorrent/socket.hpp>
#include <memory>
#include <optional>
#include <set>

#include "shared/swarm/member/member.hpp"

namespace shoal::swarm {

class PeerLink final : public libtorrent::peer_plugin, public Link {
 public:
  using Report = std::function<void(Event)>;
  PeerLink(const Clock& clock, libtorrent::peer_connection_handle connection, std::weak_ptr<Member> member,
           bool leads_to_seeder, Report report);
  ~PeerLink() override;

  void add_handshake(libtorrent::entry& handshake) override;
  bool on_extension_handshake(libtorrent::bdecode_node const& handshake) override;
  bool on_extended(int length, int message, libtorrent::span<char const> body) override;
  void on_connected() override;  // of a connection that we dialled
  void on_disconnect(libtorrent::error_code const& error) override;
  void tick() override;  // once a second

  void send(MutableBytes frame) override;
  std::size_t unsent_bytes() const override;
  void set_no_delay(bool on) override;
  std::string host() const override;
  bool leads_to_seeder() const override { return leads_to_seeder_; }
  void close() override;

 private:
  void down();
  const Clock& clock_;
  libtorrent::peer_connection_handle connection_;
  std::weak_ptr<Member> member_;
  bool leads_to_seeder_;
  Report report_;
  bool is_connected_;
  bool no_delay_ = false;  // libtorrent never sets it
  Time since_;
  std::optional<PeerId> id_;  // within the member, while up
  std::uint8_t their_extension_id_ = 0;
};

using Endpoints = std::set<libtorrent::tcp::endpoint>;

class TorrentLinks final : public libtorrent::torrent_plugin {
 public:
  // `seeders`: where the tracker said that its seeder is. `ready` is called once libtorrent takes connections for this
  // torrent; `report` with what becomes of each connection.
  TorrentLinks(const Clock& clock, std::weak_ptr<Member> member, std::shared_ptr<const Endpoints> seeders,
               std::function<void()> ready, PeerLink::Report report)
      : clock_(clock),
        member_(std::move(member)),
        seeders_(std::move(seeders)),
        ready_(std::move(ready)),
        report_(std::move(report)) {}

  std::shared_ptr<libtorrent::peer_plugin> new_connection(
      libtorrent::peer_connection_handle const& connection) override;
  void on_files_checked() override { ready_(); }
  // Nothing is cut by a pause: `resume` is how 2.0.8 is made to dial at once (session.cpp).
  bool on_pause() override { return true; }

 private:
  const Clock& clock_;
  std::weak_ptr<Member> member_;
  std::shared_ptr<const Endpoints> seeders_;
  std::function<void()> ready_;
  PeerLink::Report report_;
};

}  // namespace shoal::swarm
