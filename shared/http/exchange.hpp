// ConnectionExchange: the Exchange of one request on a Connection. It counts the promised bytes and the sent ones, and
// frames a body of a length that is not known: in chunks (RFC 9112 section 7.1).
//
// Threads: the loop.
#pragma once

#include <memory>
#include <string>

#include "shared/http/connection.hpp"
#include "shared/http/head.hpp"

namespace shoal::http {

class ConnectionExchange final : public Exchange {
 public:
  // `head` is the request's own text, for the WebSocket's handshake; empty when it asks for none.
  ConnectionExchange(std::shared_ptr<Connection> connection, RequestHead request, std::string head);
  ~ConnectionExchange() override;

  const Request& request() const override { return request_.request; }
  void limit_send_buffer(ByteCount size) override;
  Task<void> respond(Response response) override;
  Task<Result<void>> start(Response response) override;
  Task<Result<void>> send(FileSpan span) override;
  Task<Result<void>> send(Bytes bytes) override;
  std::uint64_t sent_bytes() const override { return sent_; }
  Task<Result<std::unique_ptr<WebSocket>>> upgrade(std::string subprotocol) override;

  // How the connection goes on once the handler has returned.
  Connection::Next outcome() const;

 private:
  bool is_head_request() const { return request_.request.method == "HEAD"; }
  std::string head_text(const Response& response, std::optional<std::uint64_t> length);
  Task<Result<void>> send_open_ended(Bytes bytes);

  std::shared_ptr<Connection> connection_;
  RequestHead request_;
  std::string head_;
  enum class Stage { fresh, answering, broken, given_away } stage_ = Stage::fresh;
  bool is_open_ended_ = false;
  bool has_end_ = true;       // false: the end of an open-ended body has not been sent
  std::uint64_t unsent_ = 0;  // bytes of the promised body
  std::uint64_t sent_ = 0;    // bytes of the body
  bool keep_alive_ = false;   // as the client was told
};

}  // namespace shoal::http
