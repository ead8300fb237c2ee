// WebSocket: whole binary messages both ways over one connection (RFC 6455, Beast, no compression).
//
// Bounds: a message 1 MiB, the outgoing queue 4 MiB (a peer that does not read is cut), ping after 10 s of silence,
// closed when no byte came for 20 s, both by Beast's own timer.
// Threads: the loop.
#pragma once

#include <memory>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/clock.hpp"
#include "shared/core/result.hpp"

namespace shoal::http {

inline constexpr std::size_t largest_message = 1 << 20;  // twice the largest: a list of 8,192 held digests

class WebSocket {
 public:
  virtual ~WebSocket() = default;                // closes
  virtual Task<Result<Bytes>> receive() = 0;     // `unavailable` once closed
  virtual void send(Bytes message) = 0;          // queued; never blocks; closes when the queue is over its bound
  virtual void close() = 0;                      // `receive` then ends
  virtual std::string peer_address() const = 0;  // IP address of the other side, without the port
  virtual std::string local_address() const = 0;
};

// Connects to `url` ("http://host:port", plain) at `path`, asking for `subprotocol`, within 5 s.
Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(Clock& clock, std::string url, std::string path,
                                                           std::string subprotocol);

}  // namespace shoal::http
