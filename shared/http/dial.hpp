// dial: a TCP connection to a host by name or address, within one limit.
//
// Threads: the loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

// Each address of the host gets an equal share of the rest of `limit`. `unavailable` when none answers.
Task<Result<asio::ip::tcp::socket>> dial(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit);

}  // namespace shoal::http
