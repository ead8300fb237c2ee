// dial: a TCP connection to a host by name or address, within one limit.
//
// Threads: the loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"
#include "shared/http/addresses.hpp"

namespace shoal::http {

struct DialLimits {
  Milliseconds whole;
  Milliseconds tcp{0};  // once the name is resolved; 0: what `whole` leaves
};

// The first connection of several attempts: each address of the host in turn, the next one when the one before has
// failed or has said nothing for 200 ms, and at least four in all: a lost SYN is repeated by the kernel after a second
// only. `unavailable` when none connects, with the fault of the last one. Addresses that `reaches` does not allow are
// passed over; `refused` when the host has no other: what a name means is judged on the address that is dialled.
// Source: RFC 8305 (Happy Eyeballs), section 5.
Task<Result<asio::ip::tcp::socket>> dial(Clock& clock, std::string host, std::uint16_t port, DialLimits limits,
                                         Reaches reaches = {});

}  // namespace shoal::http
