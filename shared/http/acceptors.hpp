// Acceptors: opens the addresses of a `listen` key. Inside this room only; others ask listening.hpp.
//
// Threads: any.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "shared/core/listen_addresses.hpp"
#include "shared/core/task.hpp"

namespace shoal::http {

inline constexpr int backlog = 4096;  // the kernel's own bound, somaxconn, applies as well

// At least one. `is_closed`: the addresses are taken, and clients are refused until `listen`. Throws StartError for an address that is malformed, taken or not of this machine: `name`, the address,
// the cause and what to do.
std::vector<asio::ip::tcp::acceptor> listen_at(Loop& loop, const ListenAddresses& addresses, const std::string& name,
                                               bool is_closed = false);

std::string text_of_endpoint(const asio::ip::tcp::endpoint& endpoint);  // "127.0.0.1:7070", "[::1]:7070"

}  // namespace shoal::http
