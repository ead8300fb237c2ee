#include "shared/http/connection.hpp"

#include <boost/asio/write.hpp>

#include "shared/http/exchange.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr Milliseconds final_read_limit{1'000};    // for the client to read the final response, some packets
constexpr std::size_t most_discarded = 256 << 10;  // bytes that a refused client still sends: a socket's buffer

// Not a TLS greeting (a handshake record begins with 0x16, an SSLv2 one with a byte over 0x7f), whose client would wait
// out the whole limit for an answer.
bool looks_like_text(const std::string& received) {
  return received.empty() || received[0] >= ' ' || received[0] == '\r' || received[0] == '\n';
}

tl::unexpected<Error> client_is_gone() {
  return fail(ErrorKind::unavailable, "the client is gone");
}

}  // namespace

class Connection::Waiting {
 public:
  explicit Waiting(Connection& connection) : list_(connection.shared_->waiting) {
    place_ = list_.insert(list_.end(), &connection);
    connection.waits_since_ = connection.now();
  }
  ~Waiting() { list_.erase(place_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::list<Connection*>& list_;
  std::list<Connection*>::iterator place_;
};

Connection::Connection(tcp::socket socket, std::shared_ptr<ServerShared> shared)
    : socket_(std::move(socket)),
      shared_(std::move(shared)),
      deadline_(socket_.get_executor(), shared_->parts.clock, [this] {
        IoError ignored;
        socket_.cancel(ignored);
      }) {
  IoError ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);  // measured: 45 ms an answer without it
  client_ = socket_.remote_endpoint(ignored).address().to_string();
}

Task<void> Connection::serve(std::shared_ptr<Connection> self) {
  Next next = Next::request;
  while (next == Next::request) next = co_await self->serve_one();
  co_await self->finish(next);
}

Task<Connection::Next> Connection::serve_one() {
  const bool complete = co_await read_head();
  if (cut_) co_return Next::close;
  if (!complete) {
    std::string cause = "malformed request: the head is too long";
    // containerd, dockerd and crane try TLS first, and go on with HTTP only when the answer begins with "HTTP/".
    if (!looks_like_text(received_)) cause = "this port speaks HTTP, not TLS";
    if (looks_like_text(received_) && received_.size() < largest_request_head) co_return Next::close;
    const Next next = co_await refuse(std::move(cause));
    co_return next;
  }
  const std::size_t length = *head_length(received_);
  std::string head = received_.substr(0, length);
  received_ = received_.substr(length);  // gives the memory back while the connection idles
  auto parsed = parse_request_head(head);
  if (!parsed) {
    const Next next = co_await refuse(parsed.error().what);
    co_return next;
  }
  ConnectionExchange exchange(shared_from_this(), std::move(*parsed), std::move(head));
  co_await shared_->handler(exchange);
  co_return exchange.outcome();
}

Task<bool> Connection::read_head() {
  const Waiting waiting(*this);
  const bool idle = received_.empty();
  if (idle && shared_->stopping) co_return false;
  if (idle) {
    const ServerOptions& options = shared_->options;
    const bool begun = co_await read_some(is_new_ ? options.header_limit : options.idle_limit);
    if (!begun) co_return false;
  }
  is_new_ = false;
  // One limit for the whole head: a client that sends a byte now and then gains nothing.
  const auto due = now() + shared_->options.header_limit;
  while (!head_length(received_)) {
    if (received_.size() >= largest_request_head || !looks_like_text(received_)) co_return false;
    const auto left = std::chrono::ceil<Milliseconds>(due - now());
    if (left <= Milliseconds::zero()) co_return false;
    const bool more = co_await read_some(left);
    if (!more) co_return false;
  }
  co_return *head_length(received_) <= largest_request_head;
}

Time Connection::now() const {
  return shared_->parts.clock.now();
}

// Waits without a buffer, so that ten thousand idle connections hold none.
Task<bool> Connection::read_some(Milliseconds limit) {
  IoError error;
  deadline_.arm(limit);
  co_await socket_.async_wait(tcp::socket::wait_read, into(error));
  deadline_.disarm();
  if (error || cut_) co_return false;
  co_return take_available();
}

bool Connection::take_available() {
  char block[4096];
  IoError error;
  const std::size_t size = socket_.read_some(asio::buffer(block), error);
  if (error == asio::error::would_block) return true;
  if (error) return false;
  received_.append(block, size);
  return true;
}

Task<Connection::Next> Connection::refuse(std::string cause) {
  cause += "\n";
  std::string answer = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ";
  answer += std::to_string(cause.size()) + "\r\n\r\n" + cause;
  const auto written = co_await write(answer);
  co_return written ? Next::close_gently : Next::close;
}

// Closing with unread bytes in the socket resets the connection, and the client would not see our answer.
Task<void> Connection::finish(Next next) {
  if (next == Next::given_away) co_return;
  if (next == Next::close_gently && !cut_) {
    IoError ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    const auto due = now() + final_read_limit;
    std::size_t discarded = 0;
    bool more = true;
    while (more && discarded < most_discarded) {
      discarded += received_.size();
      received_.clear();
      const auto left = std::chrono::ceil<Milliseconds>(due - now());
      more = left > Milliseconds::zero();
      if (more) more = co_await read_some(left);
    }
  }
  close(next == Next::reset);
}

Task<Result<void>> Connection::write(std::string_view head, std::string_view body) {
  if (cut_) co_return client_is_gone();
  IoError error;
  const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(body)};
  deadline_.arm(shared_->options.stall_limit);
  co_await asio::async_write(socket_, both, into(error));
  deadline_.disarm();
  if (error || cut_) co_return client_is_gone();
  co_return Result<void>();
}

Task<Result<void>> Connection::send_file(FileSpan span, std::uint64_t& sent) {
  while (span.length > 0) {
    if (cut_) co_return client_is_gone();
    in_step_ = true;
    const auto moved = co_await shared_->parts.threads.step(socket_.native_handle(), span);
    in_step_ = false;
    if (!moved) co_return tl::unexpected(moved.error());
    span.offset += *moved;
    span.length -= *moved;
    sent += *moved;
    if (*moved > 0) continue;
    const bool writable = co_await wait_until_writable();
    if (!writable) co_return client_is_gone();
  }
  co_return Result<void>();
}

Task<bool> Connection::wait_until_writable() {
  if (cut_) co_return false;
  IoError error;
  deadline_.arm(shared_->options.stall_limit);
  co_await socket_.async_wait(tcp::socket::wait_write, into(error));
  deadline_.disarm();
  co_return !error;
}

void Connection::close(bool reset) {
  IoError ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void Connection::end_idle() {
  if (!received_.empty()) return;
  cut_ = true;
  close(false);
}

void Connection::cut() {
  cut_ = true;
  if (cut_socket_) {
    cut_socket_();
  } else if (!in_step_) {
    close(true);
  }  // else the step ends soon by itself, and `finish` resets: a shutdown now would look like a clean end
}

}  // namespace shoal::http
