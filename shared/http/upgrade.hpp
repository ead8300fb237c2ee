// Upgrading: a connection of our server on its way to becoming a WebSocket.
//
// Threads: the loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "shared/http/message.hpp"
#include "shared/http/websocket.hpp"

namespace shoal::http {

// `refused` with what is missing when the request does not ask for a WebSocket that speaks `subprotocol`.
Result<void> check_upgrade(const Request& request, const std::string& subprotocol);

struct WebSocketState;

class Upgrading {
 public:
  Upgrading(asio::ip::tcp::socket socket, Clock& clock);

  // Ends the connection at once, at any time from now on; harmless when it is gone.
  std::function<void()> cutter() const;

  // `received` begins with the head of the request.
  Task<Result<std::unique_ptr<WebSocket>>> answer(std::string received, std::string subprotocol);

 private:
  Clock& clock_;
  std::shared_ptr<WebSocketState> state_;
};

}  // namespace shoal::http
