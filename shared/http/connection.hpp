// Connection: one client's connection to a Server, from its first request to its last.
//
// Threads: the loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "shared/http/deadline.hpp"
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
  Connection(asio::ip::tcp::socket socket, std::shared_ptr<ServerShared> shared);

  // Requests and answers in turn, until one side ends it.
  static Task<void> serve(std::shared_ptr<Connection> self);

  // Ends it at once; a serve thread that uses the descriptor now leaves it first.
  void cut();
  // Whether it may be closed for another client: it has waited for a request so long that none is on its way.
  bool gives_way() const { return now() - waits_since_ >= least_wait; }
  // Ends it unless a request has begun to come: no answer is lost.
  void end_idle();

 private:
  static constexpr Milliseconds least_wait{100};  // a client sends its request a round trip after it has connected
  friend class ConnectionExchange;
  class Waiting;   // a place in ServerShared::waiting
  class LongHead;  // one of ServerShared::long_heads
  enum class Next { request, close, close_gently, reset, given_away };
  struct Refusal {
    unsigned status;  // 0: the connection ends without an answer
    std::string cause;
  };

  Task<Next> serve_one();
  Task<std::optional<Refusal>> read_head();  // nothing when a whole head is at the front of `received_`
  std::optional<Refusal> judge_beginning(std::optional<LongHead>& place);  // what has come of the head
  static Refusal too_long();
  std::string own_address() const;  // that the client has connected to
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

  asio::ip::tcp::socket socket_;
  std::shared_ptr<ServerShared> shared_;
  Deadline deadline_;
  std::string client_;
  std::string received_;              // not yet parsed: at most one head's bound
  std::function<void()> cut_socket_;  // set once a WebSocket owns it
  Time waits_since_{};                // for a request
  bool is_new_ = true;                // it has not asked for anything yet
  bool in_step_ = false;              // a serve thread uses the descriptor
  bool cut_ = false;
};

}  // namespace shoal::http
