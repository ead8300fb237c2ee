#include "shared/swarm/libtorrent/session_settings.hpp"

#include <algorithm>
#include <libtorrent/bencode.hpp>
#include <libtorrent/disabled_disk_io.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/peer_class.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_info.hpp>

#include "shared/swarm/libtorrent/steady_system_clock.hpp"

namespace shoal::swarm {
namespace {

using Pack = lt::settings_pack;

int rate(ByteRate limit) {
  return static_cast<int>(std::min<std::uint64_t>(limit.bytes_per_second, std::numeric_limits<int>::max()));
}

void switch_off(Pack& pack) {
  for (const int setting :
       {Pack::enable_outgoing_utp, Pack::enable_incoming_utp, Pack::enable_dht, Pack::enable_lsd, Pack::enable_upnp,
        Pack::enable_natpmp, Pack::rate_limit_ip_overhead, Pack::listen_system_port_fallback,
        Pack::close_redundant_connections}) {  // two peers that hold nothing in libtorrent's sense stay connected
    pack.set_bool(setting, false);
  }
  pack.set_int(Pack::in_enc_policy, Pack::pe_disabled);
  pack.set_int(Pack::out_enc_policy, Pack::pe_disabled);
  pack.set_int(Pack::max_retry_port_bind, 0);  // a taken port is an error, not a reason to take the next one
  // Alerts are not read. Some are made whatever the mask says, and each keeps its torrent's memory.
  pack.set_int(Pack::alert_mask, 0);
  pack.set_int(Pack::alert_queue_size, 0);
}

void set_connections(Pack& pack, std::size_t most) {
  pack.set_bool(Pack::allow_multiple_connections_per_ip, true);  // several agents behind one address
  pack.set_int(Pack::min_reconnect_time, 1);  // seconds; the default leaves holes of 60 s in the mesh
  pack.set_int(Pack::max_failcount, most_failed_dials);
  pack.set_int(Pack::connection_speed, 500);       // dials a second; with the default, 30, a mesh takes seconds
  pack.set_int(Pack::torrent_connect_boost, 255);  // dials at once, over a torrent's life; the largest there is
  pack.set_int(Pack::connections_limit, static_cast<int>(most));  // further ones are accepted and closed again
  pack.set_int(Pack::listen_queue_size, 1024);  // a rollout's agents dial the seeder at once
  pack.set_int(Pack::peer_connect_timeout, 5);  // seconds, as HTTP's dials; a dead node keeps no place for longer
  pack.set_int(Pack::active_limit, -1);
  pack.set_int(Pack::active_seeds, -1);
  pack.set_int(Pack::active_downloads, -1);
}

}  // namespace

lt::session_params session_params(const Options& options) {
  start_steady_system_clock();  // before libtorrent sets its first timer
  Pack pack;
  std::string interfaces;
  for (const std::string& address : options.listen.list()) interfaces += (interfaces.empty() ? "" : ",") + address;
  pack.set_str(Pack::listen_interfaces, interfaces);
  pack.set_str(Pack::user_agent, "shoal/" SHOAL_VERSION);
  switch_off(pack);
  set_connections(pack, options.connections);
  pack.set_int(Pack::upload_rate_limit, rate(options.upload_limit));
  pack.set_int(Pack::download_rate_limit, rate(options.download_limit));
  // ms. Limits are dealt out at this step to what is queued then: at 100 ms, 128 KiB in flight gave 1.3 of 4 MB/s.
  const bool limited = options.upload_limit.bytes_per_second + options.download_limit.bytes_per_second > 0;
  pack.set_int(Pack::tick_interval, limited ? 10 : 100);
  lt::session_params params(std::move(pack));
  params.extensions.clear();
  params.disk_io_constructor = lt::disabled_disk_io_constructor;
  return params;
}

lt::ip_filter every_address_limited() {
  constexpr std::uint32_t global_class = 1U << static_cast<std::uint32_t>(lt::session::global_peer_class_id);
  lt::ip_filter filter;
  filter.add_rule(lt::make_address("0.0.0.0"), lt::make_address("255.255.255.255"), global_class);
  filter.add_rule(lt::make_address("::"), lt::make_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), global_class);
  return filter;
}

lt::add_torrent_params torrent_params(const SwarmName& name) {
  lt::entry metadata;
  lt::entry& info = metadata["info"];
  info["length"] = std::int64_t{16384};
  info["name"] = name.text();
  info["piece length"] = std::int64_t{16384};
  info["pieces"] = std::string(20, '\0');
  info["private"] = std::int64_t{1};
  std::vector<char> bytes;
  lt::bencode(std::back_inserter(bytes), metadata);
  lt::add_torrent_params params;
  params.ti = std::make_shared<lt::torrent_info>(bytes, lt::from_span);
  params.save_path = "/nonexistent";  // never touched: the disk is disabled
  params.flags = lt::torrent_flags::upload_mode | lt::torrent_flags::disable_dht | lt::torrent_flags::disable_lsd |
                 lt::torrent_flags::disable_pex;
  return params;
}

}  // namespace shoal::swarm
