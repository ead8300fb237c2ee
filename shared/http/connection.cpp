#include "shared/http/connection.hpp"

#include <boost/asio/write.hpp>

#include "shared/core/secret.hpp"
#include "shared/http/acceptors.hpp"
#include "shared/http/exchange.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr Milliseconds final_read_limit{1'000};    // for the client to read the final response, some packets
constexpr std::size_t most_in_a_call = 64 << 10;   // of a write, as Asio has it
constexpr std::size_t most_discarded = 256 << 10;  // bytes that a refused client still sends: a socket's buffer

// Not a TLS greeting (a handshake record begins with 0x16, an SSLv2 one with a byte over 0x7f), whose client would wait
// out the whole limit for an answer.
bool looks_like_text(const std::string& received) {
  return received.empty() || received[0] >= ' ' || received[0] == '\r' || received[0] == '\n';
}

// Most of those who send a longer head are few runtimes with a large token; 10,000 clients could take 640 MiB.
constexpr std::size_t usual_request_head = 16 << 10;
constexpr std::size_t most_long_heads = 256;

const char* reason_of(unsigned status) {
  if (status == 431) return "Request Header Fields Too Large";
  return status == 503 ? "Service Unavailable" : "Bad Request";
}

tl::unexpected<Error> client_is_gone() {
  return fail(ErrorKind::unavailable, "the client is gone");
}

}  // namespace

class Connection::Waiting {
 public:
  explicit Waiting(Connection& connection) : connection_(connection), list_(connection.shared_->waiting) {
    place_ = list_.insert(list_.end(), &connection);
    connection.still_since_ = connection.now();
    connection.doing_ = Doing::silent;
  }
  ~Waiting() {
    list_.erase(place_);
    connection_.doing_ = Doing::busy;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Connection& connection_;
  std::list<Connection*>& list_;
  std::list<Connection*>::iterator place_;
};

class Connection::LongHead {
 public:
  explicit LongHead(std::shared_ptr<ServerShared> shared) : shared_(std::move(shared)) { ++shared_->long_heads; }
  ~LongHead() { --shared_->long_heads; }
  LongHead(const LongHead&) = delete;
  LongHead& operator=(const LongHead&) = delete;

 private:
  std::shared_ptr<ServerShared> shared_;  // Shared: with the server, which may go before
};

class Connection::Stalling {
 public:
  explicit Stalling(Connection& connection) : connection_(connection) { connection.doing_ = Doing::stalled; }
  ~Stalling() { connection_.doing_ = Doing::busy; }
  Stalling(const Stalling&) = delete;
  Stalling& operator=(const Stalling&) = delete;

 private:
  Connection& connection_;
};

Connection::Connection(StreamSocket socket, std::shared_ptr<ServerShared> shared)
    : socket_(std::move(socket)),
      shared_(std::move(shared)),
      deadline_(socket_.get_executor(), shared_->parts.clock, [this] {
        IoError ignored;
        socket_.cancel(ignored);
      }),
      peer_(socket_, shared_->parts.clock.now()),
      still_since_(shared_->parts.clock.now()) {
  IoError ignored;
  socket_.non_blocking(true, ignored);
  if (peer_.is_by_socket_file()) return;
  socket_.set_option(tcp::no_delay(true), ignored);  // measured: 45 ms an answer without it
}

Task<void> Connection::serve(std::shared_ptr<Connection> self) {
  Next next = Next::request;
  while (next == Next::request) next = co_await self->serve_one();
  co_await self->finish(next);
}

Task<Connection::Next> Connection::serve_one() {
  auto refusal = co_await read_head();
  if (cut_ || (refusal && refusal->status == 0)) co_return Next::close;
  if (refusal) {
    const Next next = co_await refuse(std::move(*refusal));
    co_return next;
  }
  still_since_ = now();
  const std::size_t length = *head_length(received_);
  std::string head = received_.substr(0, length);
  std::string rest = received_.substr(length);
  received_.swap(rest);  // gives the memory back while the connection idles
  wipe(rest);            // it may hold a caller's credential
  auto parsed = parse_request_head(head);
  if (!parsed) {
    const unsigned status = parsed.error().kind == ErrorKind::no_space ? 431 : 400;
    Refusal malformed{status, parsed.error().what};
    const Next next = co_await refuse(std::move(malformed));
    co_return next;
  }
  // HTTP/1.0 may name no host, and means the address that it has connected to: RFC 9112 section 3.3.
  Headers& headers = parsed->request.headers;
  if (!find_header(headers, "Host")) headers.push_back({"Host", own_address()});
  if (!find_header(headers, "Upgrade")) wipe(head);  // an answer may take hours
  ConnectionExchange exchange(shared_from_this(), std::move(*parsed), std::move(head));
  co_await shared_->handler(exchange);
  co_return exchange.outcome();
}

Task<std::optional<Connection::Refusal>> Connection::read_head() {
  const Refusal ended{0, {}};
  const Waiting waiting(*this);
  const bool idle = received_.empty();
  if (idle && shared_->stopping) co_return ended;
  if (idle) {
    const ServerOptions& options = shared_->options;
    const bool begun = co_await read_some(is_new_ ? options.header_limit : options.idle_limit);
    if (!begun) co_return ended;
  }
  is_new_ = false;
  // One limit for the whole head: a client that sends a byte now and then gains nothing.
  const auto due = now() + shared_->options.header_limit;
  std::optional<LongHead> place;
  while (!head_length(received_)) {
    auto refusal = judge_beginning(place);
    if (refusal) co_return refusal;
    const auto left = std::chrono::ceil<Milliseconds>(due - now());
    if (left <= Milliseconds::zero()) co_return ended;
    const bool more = co_await read_some(left);
    if (!more) co_return ended;
  }
  if (*head_length(received_) > largest_request_head) co_return too_long();
  co_return std::nullopt;
}

std::optional<Connection::Refusal> Connection::judge_beginning(std::optional<LongHead>& place) {
  // containerd, dockerd and crane try TLS first, and go on with HTTP only when the answer begins with "HTTP/".
  if (!looks_like_text(received_)) return Refusal{400, "this port speaks HTTP, not TLS"};
  if (received_.size() >= largest_request_head) return too_long();
  if (received_.size() < usual_request_head || place) return std::nullopt;
  if (shared_->long_heads >= most_long_heads) return Refusal{503, "too many requests with a long head at once"};
  place.emplace(shared_);
  return std::nullopt;
}

Connection::Refusal Connection::too_long() {
  return {431, "the request's head is longer than " + std::to_string(largest_request_head >> 10) + " KiB"};
}

std::string Connection::own_address() const {
  if (peer_.is_by_socket_file()) return "localhost";
  IoError ignored;
  tcp::endpoint own = tcp_endpoint(socket_.local_endpoint(ignored));
  if (own.address().is_v6()) {  // without a zone, which no Host has
    auto address = own.address().to_v6();
    address.scope_id(0);
    own.address(address);
  }
  return text_of_endpoint(own);
}

Time Connection::now() const {
  return shared_->parts.clock.now();
}

// Waits without a buffer, so that ten thousand idle connections hold none.
Task<bool> Connection::read_some(Milliseconds limit) {
  IoError error;
  deadline_.arm(limit);
  co_await socket_.async_wait(StreamSocket::wait_read, into(error));
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
  wipe(std::as_writable_bytes(std::span(block, size)));  // it may hold a caller's credential
  return true;
}

Task<Connection::Next> Connection::refuse(Refusal refusal) {
  const std::string text = refusal.cause + "\n";
  std::string answer = "HTTP/1.1 " + std::to_string(refusal.status) + " " + reason_of(refusal.status);
  answer += "\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ";
  answer += std::to_string(text.size()) + "\r\n\r\n" + text;
  const auto written = co_await write(answer);
  co_return written ? Next::close_gently : Next::close;
}

// Closing with unread bytes in the socket resets the connection, and the client would not see our answer.
Task<void> Connection::finish(Next next) {
  if (next == Next::given_away) co_return;
  if (next == Next::close_gently && !cut_) {
    IoError ignored;
    socket_.shutdown(StreamSocket::shutdown_send, ignored);
    still_since_ = now();
    const Stalling stalling(*this);
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
  const Stalling stalling(*this);
  // Asked at the start and whenever the client has made room.
  const auto go_on = [this](const IoError& failure, std::size_t) -> std::size_t {
    still_since_ = now();
    return failure ? 0 : most_in_a_call;
  };
  deadline_.arm(shared_->options.stall_limit);
  co_await asio::async_write(socket_, both, go_on, into(error));
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
    if (*moved > 0) still_since_ = now();
    if (*moved > 0) continue;
    const bool writable = co_await wait_until_writable();
    if (!writable) co_return client_is_gone();
  }
  co_return Result<void>();
}

Task<bool> Connection::wait_until_writable() {
  if (cut_) co_return false;
  IoError error;
  const Stalling stalling(*this);
  deadline_.arm(shared_->options.stall_limit);
  co_await socket_.async_wait(StreamSocket::wait_write, into(error));
  deadline_.disarm();
  co_return !error;
}

void Connection::close(bool reset) {
  IoError ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

Occupant Connection::as_occupant(const LocalUsers& users, Time read_at) {
  return {.user = peer_.user(socket_, users, read_at),
          .doing = doing_,
          .still = std::chrono::floor<Milliseconds>(now() - still_since_),
          .may_close = !cut_ && !cut_socket_};
}

bool Connection::gives_way() const {
  if (cut_ || now() - still_since_ < least_silence) return false;
  IoError ignored;
  return socket_.available(ignored) == 0;
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
