// LocalUsers: which users of this machine have connected to a port of it, as the kernel tells: sock_diag(7), which any
// process may ask.
//
// A connection from another machine or another network namespace is not among them. Inside a user namespace
// (`PrivateUsers=` of a unit), all users but root and its own are one: nobody, 65534.
// Threads: any. Asking for all takes milliseconds where a machine has very many sockets, so it is no work for the loop;
// asking for one takes microseconds however many there are.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shared/core/task.hpp"

namespace shoal::http {

using LocalUsers = std::unordered_map<std::string, std::uint32_t>;  // user by `local_key`

// The same for an IPv4 address and its IPv6 form, and without a zone.
std::string local_key(const asio::ip::tcp::endpoint& client, const asio::ip::tcp::endpoint& server);

// One packet of the kernel's answer, whose users are added. False behind the last one, and when it is malformed.
bool take_packet(std::string_view packet, LocalUsers& users);

// At most 65,536; fewer, or none, when the kernel does not tell.
LocalUsers users_connected_to(const std::vector<std::uint16_t>& ports);

// Of one connection. Nothing when the kernel does not tell, or no process has the client's end any more.
std::optional<std::uint32_t> user_of_connection(const asio::ip::tcp::endpoint& client, const asio::ip::tcp::endpoint& server);

}  // namespace shoal::http
