// Addresses: how far an IP address reaches, so that a request that a redirect or a realm has named is not made to an
// address that only this machine or this network can mean. Pure.
// Source: RFC 6890 (special-purpose addresses); 169.254.169.254 and fd00:ec2::254 answer with a machine's credentials.
//
// Threads: any.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>

#include "shared/core/task.hpp"

namespace shoal::http {

enum class Reach : std::uint8_t {
  everywhere,  // a public address
  network,     // private: RFC 1918, RFC 6598, fc00::/7
  machine,     // loopback
  link,        // link-local, the addresses of metadata services, multicast, unspecified and reserved ones
};

Reach reach_of(const asio::ip::address& address);  // an IPv4 address within an IPv6 one counts as that

// The addresses that a connection may be made to.
struct Reaches {
  bool everywhere = true;
  bool network = true;
  bool machine = true;
  bool link = true;

  bool allows(Reach reach) const;
};

}  // namespace shoal::http
