// Listening: what a `listen` key means.
//
// "[::]:7072" without an IPv4 address beside it means all addresses of both families, on two sockets; on a machine
// without IPv6 those of IPv4 alone. So the defaults serve clusters of either family and of both. Several addresses with
// port 0 share the port that the first one is given.
// Threads: any; main, before there are others.
#pragma once

#include <string>

#include "shared/core/listen_addresses.hpp"

namespace shoal::http {

// The addresses that can be listened on now, with real ports: each was opened and closed again. Throws as a server
// would (StartError). For a listener that does not say why it failed.
ListenAddresses available_addresses(const ListenAddresses& addresses, const std::string& name);

// The IP address at which others reach a listener, when the key names exactly one; empty for a wildcard and for a
// link-local address.
std::string only_address(const ListenAddresses& addresses);

// Which families a listener takes, as far as the key says.
struct Families {
  bool ipv4 = false;
  bool ipv6 = false;
};
Families families_of(const ListenAddresses& addresses);

}  // namespace shoal::http
