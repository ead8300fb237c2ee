// AgentSession: one agent's connection to the control channel, from the upgrade to its end.
//
// Hello comes first, within 10 s; a message that does not parse ends the connection. http::WebSocket
// bounds the queue and the size of messages.
// Threads: the loop.
#pragma once

#include "shared/http/websocket.hpp"
#include "tracker/coordinator.hpp"

namespace shoal::tracker {

class AgentSession final : public AgentLink, public std::enable_shared_from_this<AgentSession> {
 public:
  static constexpr Milliseconds hello_limit{10'000};  // an agent sends it at once; ten thousand may come together

  AgentSession(Loop& loop, Clock& clock, Coordinator& coordinator, std::unique_ptr<http::WebSocket> socket)
      : loop_(loop), clock_(clock), coordinator_(coordinator), socket_(std::move(socket)) {}

  void send(const control::TrackerMessage& message) override { socket_->send(control::encode(message)); }
  void close(const std::string& cause) override;

  // Returns when the connection has ended.
  static Task<void> run(std::shared_ptr<AgentSession> self);

 private:
  // False ends the connection.
  bool receive(const Result<Bytes>& frame);
  bool take_hello(const control::AgentMessage& message);
  static Task<void> close_without_hello(std::weak_ptr<AgentSession> session, Clock& clock);

  Loop& loop_;
  Clock& clock_;
  Coordinator& coordinator_;
  std::unique_ptr<http::WebSocket> socket_;
  NodeId node_ = 0;  // 0: before Hello
};

}  // namespace shoal::tracker
