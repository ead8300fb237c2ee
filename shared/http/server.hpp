// Server: HTTP/1.1 over Beast on the loop, for everything of ours that faces a network. Bodies leave by sendfile on
// serve threads. Bodies of requests are not read: one is answered by its head alone, and its connection ends.
//
// Bounds: header 64 KiB and 10 s as a whole, at most 256 longer than 16 KiB at once, idle 60 s, connections
// `ServerOptions::connections`: when there are as many, silent and stalled ones of the user with the most are closed for
// new ones (room.hpp). Measured: beside 9,000 clients that send their head slowly, others wait less than a millisecond
// longer. A body in a GET, Content-Length with Transfer-Encoding, or a malformed head gets 400 and close, one over its
// bound 431. A request without Host, which HTTP/1.0 allows, gets the address that it has connected to as one.
// Threads: the loop. The handler runs there too, one coroutine per connection.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "shared/core/clock.hpp"
#include "shared/core/listen_addresses.hpp"
#include "shared/http/message.hpp"
#include "shared/http/room.hpp"
#include "shared/http/serve_threads.hpp"
#include "shared/http/websocket.hpp"

namespace shoal::http {

// One request being answered. Each handler calls exactly one of respond, start or upgrade, first; one that calls none
// resets the connection. HEAD is answered like GET: no byte of a body leaves.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  // How far the kernel may run ahead of a client that may not take all of its answer. Stays with the connection.
  virtual void limit_send_buffer(ByteCount size) = 0;
  // The whole answer. A client that is gone is no failure of the handler, which has nothing left to do for it.
  virtual Task<void> respond(Response response) = 0;
  // The head of an answer of response.length bytes, whose body follows through `send`, in order; of one that is open-ended,
  // an empty `send` ends it. Errors of the three: `unavailable` when the client is gone, `corrupt` when the file does not
  // give its bytes.
  virtual Task<Result<void>> start(Response response) = 0;
  virtual Task<Result<void>> send(FileSpan span) = 0;
  virtual Task<Result<void>> send(Bytes bytes) = 0;
  // Of the body, that the connection has taken so far; of an answer whose client is gone, without its last block.
  virtual std::uint64_t sent_bytes() const = 0;
  // Becomes a WebSocket; the connection is then the WebSocket's.
  virtual Task<Result<std::unique_ptr<WebSocket>>> upgrade(std::string subprotocol) = 0;
};

using Handler = std::function<Task<void>(Exchange& exchange)>;

struct ServerOptions {
  ListenAddresses listen;
  std::string socket_file{};          // path of a Unix socket beside them; empty: none
  bool is_closed_at_first = false;    // the address is taken, and clients are refused until `start_listening`
  // At once, so that descriptors are left for files; while none can be closed for them, further ones wait in the backlog.
  std::size_t connections = 4096;
  std::function<void(Doing)> on_closed_for_room{};  // of each connection, what it did
  // For the whole request head, some packets; also until the first byte of a connection's first one.
  Milliseconds header_limit{10'000};
  Milliseconds idle_limit{60'000};    // between requests; containerd keeps its connections 30 s
  Milliseconds stall_limit{300'000};  // a client may unpack meanwhile; without a read for so long it is cut
};

class Server {
 public:
  struct Parts {
    Loop& loop;
    Clock& clock;
    ServeThreads& threads;
  };
  // Throws StartError when an address is taken or malformed; the line names it. `name` is for logs and errors.
  // If a handler returns after `start` without having sent all bytes, or the end of an open-ended body, the connection is
  // reset, never ended cleanly.
  Server(Parts parts, ServerOptions options, std::string name, Handler handler);
  // Resets every connection, upgraded ones too; handlers that wait in `send` or `receive` then return. Before the parts
  // are destroyed; what handlers refer to must live until they have returned or the loop is gone.
  ~Server();

  std::string address() const;  // the first, with the real port
  // Once, of a server that was closed at first; `unavailable` when another program listens there meanwhile.
  Result<void> start_listening();
  // Further clients are refused at once, and connections that ask for nothing now end; running exchanges go on and are
  // their connection's last.
  void stop_listening();
  std::size_t open_exchanges() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// "127.0.0.1:7070" or "[::1]:7070" in parts; `refused` with what is wrong.
struct HostPort {
  std::string host;
  std::uint16_t port;
};
Result<HostPort> parse_host_port(std::string_view text);

// The host that a Host header names, in lower case, without port, brackets and final dot; `refused` when it is none.
Result<std::string> parse_host(std::string_view header);

bool is_ip_address(const std::string& host);

// Whether a Host header names an IP address or localhost. Neither can be the name of another web page that was
// made to resolve to this machine (DNS rebinding).
bool is_address_or_localhost(std::string_view header);

// "localhost" or a loopback address; a name that merely looks like one ("127.example.com") is not.
bool is_loopback(const std::string& host);

}  // namespace shoal::http
