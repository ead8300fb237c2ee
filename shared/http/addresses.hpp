// Addresses: how far an IP address reaches, so that a request that a redirect or a realm has named is not made to an
// address that only this machine or this network can mean. Pure.
// Source: the IANA registries of special-purpose addresses (RFC 6890), and the manuals of the clouds for the addresses
// at which a machine asks for its own credentials.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shared/core/result.hpp"
#include "shared/core/task.hpp"

namespace boost::asio::ip {
class address;  // <boost/asio/ip/address.hpp>
}

namespace shoal::http {

enum class Reach : std::uint8_t {
  everywhere,  // a public address
  network,     // private: RFC 1918, RFC 6598, fc00::/7
  machine,     // loopback
  link,        // link-local, the addresses of metadata services, multicast, unspecified and reserved ones
};

// An IPv4 address within an IPv6 one (mapped, compatible, translated, NAT64, 6to4) counts as that.
Reach reach_of(const asio::ip::address& address);

// The addresses that a connection may be made to.
struct Reaches {
  bool everywhere = true;
  bool network = true;
  bool machine = true;
  bool link = true;

  bool allows(Reach reach) const;
};

// What the host of a URL means without a name server: an address in any notation that a resolver takes ("127.1",
// "0x7f000001"), with or without a final dot; `localhost` and names below it mean 127.0.0.1.
std::optional<asio::ip::address> literal_address(const std::string& host);

// `refused`: `host` has no address but such as are not allowed, `address` among them. The text says what to configure.
Error not_allowed(const std::string& host, const asio::ip::address& address);

}  // namespace shoal::http
