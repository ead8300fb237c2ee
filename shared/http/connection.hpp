// Connection: one client's connection to a Server, from its first request to its last.
//
// Threads: the loop.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "shared/http/deadline.hpp"
#include "shared/http/peer.hpp"
#include "shared/http/room.hpp"
#include "shared/http/server.hpp"

namespace shoal::http {

class Connection;

// Shared: by a server and the coroutine frames of its connections, which may outlive it while they are suspended.
struct ServerShared {
  Server::Parts parts;  // the threads are not touched by a connection that was cut
  ServerOptions options;
  Handler handler;
  std::size_t open_exchanges = 0;
  std::size_t long_heads = 0;        // of requests that are coming, each longer than `usual_request_head`
  bool stopping = false;             // each answer closes its connection
  std::list<Connection*> waiting{};  // for a request, the longest wait first
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(StreamSocket socket, std::shared_ptr<ServerShared> shared);

  // Requests and answers in turn, until one side ends it.
  static Task<void> serve(std::shared_ptr<Connection> self);

  // Ends it at once; a serve thread that uses the descriptor now leaves it first.
  void cut();
  // Of one that waits for a request: whether it may be closed for another client, since none is on its way, nor has come
  // while the loop did other things.
  bool gives_way() const;
  // As one of those that a full server chooses among; the view is of this connection.
  Occupant as_occupant(const LocalUsers& users, Time read_at);
  const Peer& peer() const { return peer_; }
  bool is_open() const { return socket_.is_open(); }
  // Ends it unless a request has begun to come: no answer is lost.
  void end_idle();

 private:
  friend class ConnectionExchange;
  class Waiting;   // a place in ServerShared::waiting
  class LongHead;  // one of ServerShared::long_heads
  class Stalling;  // what it does meanwhile is its client's turn
  enum class Next { request, close, close_gently, reset, given_away };
  struct Refusal {
    unsigned status;  // 0: the connection ends without an answer
    std::string cause;
  };

  Task<Next> serve_one();
  Task<std::optional<Refusal>> read_head();  // nothing when a whole head is at the front of `received_`
  std::optional<Refusal> judge_beginning(std::optional<LongHead>& place);  // what has come of the head
  static Refusal too_long();
  std::string own_address() const;  // that the client has connected to; "localhost" for a Unix socket
  Task<bool> read_some(Milliseconds limit);
  bool take_available();
  Time now() const;
  Task<Next> refuse(Refusal refusal);
  Task<void> finish(Next next);        // closes as `next` says
  // One after the other, as they are: a body of megabytes is not copied. Both are the caller's until this returns.
  Task<Result<void>> write(std::string_view head, std::string_view body = {});
  Task<Result<void>> send_file(FileSpan span, std::uint64_t& sent);  // adds to `sent`, which outlives it
  Task<bool> wait_until_writable();
  void close(bool reset);

  StreamSocket socket_;
  std::shared_ptr<ServerShared> shared_;
  Deadline deadline_;
  Peer peer_;
  std::string received_;              // not yet parsed: at most one head's bound
  std::function<void()> cut_socket_;  // set once a WebSocket owns it
  Time still_since_{};                // a byte came or went then, or the wait for a request began
  Doing doing_ = Doing::busy;
  bool is_new_ = true;                // it has not asked for anything yet
  bool in_step_ = false;              // a serve thread uses the descriptor
  bool cut_ = false;
};

}  // namespace shoal::http
