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
  // `unavailable` once closed; `refused` with its cause when the other side closed for one.
  virtual Task<Result<Bytes>> receive() = 0;
  virtual void send(Bytes message) = 0;          // queued; never blocks; closes when the queue is over its bound
  virtual void close(std::string cause = {}) = 0;  // `receive` then ends; the other side is told why, if there is a cause
  virtual void ping() = 0;                       // the other side answers by itself; one at a time, further ones are dropped
  virtual std::uint64_t heard() const = 0;       // grows with whatever came: a part of a message, a ping, its answer
  virtual Milliseconds round_trip() const = 0;   // of TCP to the other side, as the kernel smooths it; 0 when it knows none
  virtual std::string peer_address() const = 0;  // IP address of the other side, without the port
  virtual std::string local_address() const = 0;
};

// Connects to `url` ("http://host:port", plain) at `path`, asking for `subprotocol`, within 5 s. `refused` when what
// answers there does not speak it.
Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(Clock& clock, std::string url, std::string path,
                                                           std::string subprotocol);

}  // namespace shoal::http
