#include "shared/http/exchange.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <cstdio>

#include "shared/core/check.hpp"
#include "shared/http/upgrade.hpp"

namespace shoal::http {
namespace {

std::string reason(unsigned status) {
  return std::string(boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status)));
}

// A value relayed from another server must not be able to end its line.
std::string on_one_line(std::string value) {
  std::replace_if(
      value.begin(), value.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, ' ');
  return value;
}

bool has_no_body(unsigned status) {
  return status == 204 || status == 304;
}

}  // namespace

ConnectionExchange::ConnectionExchange(std::shared_ptr<Connection> connection, RequestHead request, std::string head)
    : connection_(std::move(connection)), request_(std::move(request)), head_(std::move(head)) {
  request_.request.client = connection_->peer_.address();
  request_.request.is_by_socket_file = connection_->peer_.is_by_socket_file();
  ++connection_->shared_->open_exchanges;
}

ConnectionExchange::~ConnectionExchange() {
  --connection_->shared_->open_exchanges;
}

// Without a length the body is open-ended.
std::string ConnectionExchange::head_text(const Response& response, std::optional<std::uint64_t> length) {
  const bool ends_with_connection = !length && request_.is_1_0;
  keep_alive_ = request_.keep_alive && !connection_->shared_->stopping && !ends_with_connection;
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " + reason(response.status) + "\r\n";
  for (const Header& header : response.headers) {
    text += on_one_line(header.name) + ": " + on_one_line(header.value) + "\r\n";
  }
  if (!length && !request_.is_1_0) text += "Transfer-Encoding: chunked\r\n";
  if (length && !has_no_body(response.status)) text += "Content-Length: " + std::to_string(*length) + "\r\n";
  text += keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

void ConnectionExchange::limit_send_buffer(ByteCount size) {
  IoError ignored;
  connection_->socket_.set_option(asio::socket_base::send_buffer_size(static_cast<int>(size.value)), ignored);
}

Task<void> ConnectionExchange::respond(Response response) {
  SHOAL_CHECK(stage_ == Stage::fresh);
  const std::uint64_t length =
      is_head_request() ? response.length.value_or(response.body.size()) : response.body.size();
  const std::string head = head_text(response, length);
  if (is_head_request() || has_no_body(response.status)) response.body.clear();
  stage_ = Stage::answering;
  const Result<void> written = co_await connection_->write(head, response.body);
  if (!written) stage_ = Stage::broken;
  if (written) sent_ += response.body.size();
}

Task<Result<void>> ConnectionExchange::start(Response response) {
  SHOAL_CHECK(stage_ == Stage::fresh && response.body.empty());
  SHOAL_CHECK(response.is_open_ended ? !response.length && !has_no_body(response.status) : response.length.has_value());
  stage_ = Stage::answering;
  is_open_ended_ = response.is_open_ended;
  has_end_ = !is_open_ended_ || is_head_request();
  unsent_ = is_head_request() ? 0 : response.length.value_or(0);
  const std::string head = head_text(response, response.length);
  auto written = co_await connection_->write(head);
  if (!written) stage_ = Stage::broken;
  co_return written;
}

Task<Result<void>> ConnectionExchange::send(FileSpan span) {
  SHOAL_CHECK(stage_ == Stage::answering || stage_ == Stage::broken);
  if (is_head_request()) co_return Result<void>();
  if (stage_ == Stage::broken) co_return fail(ErrorKind::unavailable, "the client is gone");
  SHOAL_CHECK(span.length <= unsent_);
  const std::uint64_t length = span.length;
  auto sent = co_await connection_->send_file(std::move(span), sent_);
  if (sent) unsent_ -= length;
  if (!sent) stage_ = Stage::broken;
  co_return sent;
}

Task<Result<void>> ConnectionExchange::send(Bytes bytes) {
  SHOAL_CHECK(stage_ == Stage::answering || stage_ == Stage::broken);
  if (is_head_request()) co_return Result<void>();
  if (stage_ == Stage::broken) co_return fail(ErrorKind::unavailable, "the client is gone");
  if (is_open_ended_) {
    auto written = co_await send_open_ended(std::move(bytes));
    co_return written;
  }
  SHOAL_CHECK(bytes.size() <= unsent_);
  unsent_ -= bytes.size();
  auto sent = co_await connection_->write(text_of(bytes));
  if (!sent) stage_ = Stage::broken;
  if (sent) sent_ += bytes.size();
  co_return sent;
}

// The line break behind a chunk goes out with the next one's size.
Task<Result<void>> ConnectionExchange::send_open_ended(Bytes bytes) {
  SHOAL_CHECK(!has_end_);
  std::string head;
  if (!request_.is_1_0) {
    char size[17];
    std::snprintf(size, sizeof size, "%zx", bytes.size());
    head = std::string(sent_ > 0 ? "\r\n" : "") + size + "\r\n" + (bytes.empty() ? "\r\n" : "");
  }
  auto written = co_await connection_->write(head, text_of(bytes));
  if (!written) stage_ = Stage::broken;
  if (!written) co_return written;
  sent_ += bytes.size();
  has_end_ = bytes.empty();
  co_return written;
}

Task<Result<std::unique_ptr<WebSocket>>> ConnectionExchange::upgrade(std::string subprotocol) {
  SHOAL_CHECK(stage_ == Stage::fresh);
  auto fits = check_upgrade(request_.request, subprotocol);
  if (request_.request.is_by_socket_file) fits = fail(ErrorKind::refused, "a WebSocket needs a TCP connection");
  if (!fits) {
    Response response{426, {{"Upgrade", "websocket"}}, fits.error().what + "\n", {}};
    co_await respond(std::move(response));
    co_return tl::unexpected(fits.error());
  }
  stage_ = Stage::given_away;
  connection_->deadline_.disarm();
  std::string received = head_ + std::exchange(connection_->received_, {});
  Upgrading upgrading(tcp_socket(std::move(connection_->socket_)), connection_->shared_->parts.clock);
  connection_->cut_socket_ = upgrading.cutter();
  auto accepted = co_await upgrading.answer(std::move(received), std::move(subprotocol));
  co_return accepted;
}

Connection::Next ConnectionExchange::outcome() const {
  if (stage_ == Stage::given_away) return Connection::Next::given_away;
  if (stage_ != Stage::answering || unsent_ != 0 || !has_end_) return Connection::Next::reset;
  return keep_alive_ ? Connection::Next::request : Connection::Next::close_gently;
}

}  // namespace shoal::http
