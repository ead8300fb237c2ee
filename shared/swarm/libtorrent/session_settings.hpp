// How libtorrent is set up, and the torrent that stands for a swarm.
//
// Threads: any.
#pragma once

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/ip_filter.hpp>
#include <libtorrent/session_params.hpp>

#include "shared/layer/swarm_name.hpp"
#include "shared/swarm/swarm.hpp"

namespace shoal::swarm {

constexpr int most_failed_dials = 3;  // of one peer, 2 and 3 s apart: a node that restarts is back by then

libtorrent::session_params session_params(const Options& options);

// Every address is rate limited; by default libtorrent exempts local networks.
libtorrent::ip_filter every_address_limited();

// The info dictionary is exactly {length 16384, name, piece length 16384, pieces (20 zero bytes), private 1}. It is
// part of the protocol: its hash is what two nodes of one swarm find each other by.
libtorrent::add_torrent_params torrent_params(const SwarmName& name);

}  // namespace shoal::swarm
