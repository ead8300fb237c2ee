#include "shared/http/websocket.hpp"

#include <netinet/tcp.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "shared/http/client.hpp"
#include "shared/http/deadline.hpp"
#include "shared/http/dial.hpp"
#include "shared/http/upgrade.hpp"

namespace shoal::http {
namespace {

namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::beast::http::field;

constexpr std::size_t largest_queue = 4 << 20;  // four messages of the largest size, for a peer that reads slowly
constexpr std::size_t cost_of_entry = 64;       // so that empty messages are bounded too
constexpr Milliseconds handshake_limit{5'000};  // as long as a connection may take; a client's connection included
// For the other side's part of the end. Below Beast's own limit, which fails an assertion of 1.74 when a read waits for the
// end: the socket is cut before.
constexpr Milliseconds closing_limit{2'000};
static_assert(closing_limit < handshake_limit);
constexpr Milliseconds silence_limit{20'000};   // Beast pings at half of it
constexpr std::size_t kept_buffer = 64 << 10;  // a rare large message does not hold its memory

constexpr std::size_t longest_cause = 123;     // RFC 6455, 5.5: a control frame has 125 bytes, two for the code

tl::unexpected<Error> closed_error(const std::string& cause) {
  return fail(ErrorKind::unavailable, "the WebSocket is closed: " + cause);
}

// A close with a cause has the code 1008. A text that is no UTF-8 would be an error of the other side's reader.
websocket::close_reason reason_of(const std::string& cause) {
  if (cause.empty()) return {websocket::close_code::normal};
  websocket::close_reason reason(websocket::close_code::policy_error);
  for (const char c : cause.substr(0, longest_cause)) reason.reason.push_back(c >= ' ' && c <= '~' ? c : '?');
  return reason;
}

}  // namespace

struct WebSocketState : std::enable_shared_from_this<WebSocketState> {
  WebSocketState(tcp::socket socket, Clock& c)
      : clock(c), stream(std::move(socket)), ended(stream.get_executor(), Time::max()) {
    IoError ignored;
    addresses.peer = stream.next_layer().remote_endpoint(ignored).address().to_string();
    addresses.local = stream.next_layer().local_endpoint(ignored).address().to_string();
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = handshake_limit;  // for the end too; a Deadline ends the beginning, by the given clock
    limits.idle_timeout = silence_limit;
    limits.keep_alive_pings = true;
    stream.set_option(limits);
    stream.read_message_max(largest_message);
    stream.auto_fragment(false);
    stream.binary(true);
    stream.control_callback([this](websocket::frame_type, boost::beast::string_view) { ++heard; });
  }

  static Task<Result<Bytes>> receive(std::shared_ptr<WebSocketState> self);
  static Task<void> write_queue(std::shared_ptr<WebSocketState> self);
  static Task<void> write_ping(std::shared_ptr<WebSocketState> self);
  void send(Bytes message);
  void close(std::string why);
  void ping();
  Milliseconds round_trip();
  void cut();
  void start_writing();

  Clock& clock;
  websocket::stream<tcp::socket, false> stream;  // false: no compression
  struct {
    std::string peer;
    std::string local;
  } addresses;  // of both sides, without ports
  boost::beast::flat_buffer received{largest_message};
  std::deque<Bytes> queue;
  std::size_t queued_bytes = 0;  // the message being written included
  std::uint64_t heard = 0;
  bool writing = false;
  bool pinging = false;
  std::optional<std::string> closing;  // once the queue is written, for this cause
  bool gone = false;
  asio::steady_timer ended;  // cancelled by `cut`
};

// Beast 1.74 fails an assertion when a read begins while its close reads: the close drops what comes, and ends in time.
Task<Result<Bytes>> WebSocketState::receive(std::shared_ptr<WebSocketState> self) {
  IoError error;
  // Part by part: a long message on a slow link is a sign of life long before it is whole.
  do {
    if (self->closing && !self->gone) {
      IoError cancelled;
      co_await self->ended.async_wait(into(cancelled));
    }
    if (self->gone) co_return closed_error("by this side");
    co_await self->stream.async_read_some(self->received, 0, into(error));
    if (!error) ++self->heard;
  } while (!error && !self->stream.is_message_done());
  if (!error && !self->stream.got_binary()) error = websocket::error::bad_opcode;
  if (error) {
    self->cut();
    const websocket::close_reason& reason = self->stream.reason();
    if (error == websocket::error::closed && reason.code == websocket::close_code::policy_error)
      co_return fail(ErrorKind::refused, std::string(reason.reason.data(), reason.reason.size()));
    co_return closed_error(error.message());
  }
  const auto data = self->received.data();
  Bytes message = copy_of(ByteView(static_cast<const std::byte*>(data.data()), data.size()));
  wipe(MutableBytes(static_cast<std::byte*>(data.data()), data.size()));  // it may hold a caller's credential
  self->received.consume(data.size());
  if (self->received.capacity() > kept_buffer) self->received.shrink_to_fit();
  co_return message;
}

void WebSocketState::send(Bytes message) {
  if (gone || closing) return;
  queued_bytes += message.size() + cost_of_entry;
  if (queued_bytes > largest_queue) return cut();
  queue.push_back(std::move(message));
  start_writing();
}

void WebSocketState::close(std::string why) {
  if (gone || closing) return;
  closing = std::move(why);
  start_writing();
}

void WebSocketState::ping() {
  if (gone || closing || std::exchange(pinging, true)) return;
  asio::co_spawn(stream.get_executor(), write_ping(shared_from_this()), asio::detached);
}

Milliseconds WebSocketState::round_trip() {
  tcp_info info{};
  socklen_t size = sizeof(info);
  const int asked = ::getsockopt(stream.next_layer().native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size);
  return asked == 0 ? Milliseconds(info.tcpi_rtt / 1'000) : Milliseconds::zero();
}

// Beside a write that is under way, as Beast allows. An error ends `receive` too.
Task<void> WebSocketState::write_ping(std::shared_ptr<WebSocketState> self) {
  IoError ignored;
  if (!self->gone) co_await self->stream.async_ping({}, into(ignored));
  self->pinging = false;
}

void WebSocketState::start_writing() {
  if (std::exchange(writing, true)) return;
  asio::co_spawn(stream.get_executor(), write_queue(shared_from_this()), asio::detached);
}

Task<void> WebSocketState::write_queue(std::shared_ptr<WebSocketState> self) {
  IoError error;
  while (!self->queue.empty() && !self->gone) {
    Bytes message = std::move(self->queue.front());
    self->queue.pop_front();
    co_await self->stream.async_write(asio::buffer(message), into(error));
    self->queued_bytes -= message.size() + cost_of_entry;
    wipe(message);  // it may hold a caller's credential
    if (error) self->cut();
  }
  self->writing = false;
  if (self->gone || !self->closing) co_return;
  Deadline deadline(self->stream.get_executor(), self->clock, [self] { self->cut(); });
  deadline.arm(closing_limit);
  const websocket::close_reason reason = reason_of(*self->closing);
  co_await self->stream.async_close(reason, into(error));
  self->cut();
}

void WebSocketState::cut() {
  gone = true;
  ended.cancel();
  IoError ignored;
  stream.next_layer().close(ignored);
}

namespace {

// Its owner owns the connection; a write that is under way keeps only the state.
class BeastWebSocket final : public WebSocket {
 public:
  explicit BeastWebSocket(std::shared_ptr<WebSocketState> state) : state_(std::move(state)) {}
  ~BeastWebSocket() override { state_->cut(); }
  Task<Result<Bytes>> receive() override { return WebSocketState::receive(state_); }
  void send(Bytes message) override { state_->send(std::move(message)); }
  void close(std::string cause) override { state_->close(std::move(cause)); }
  void ping() override { state_->ping(); }
  std::uint64_t heard() const override { return state_->heard; }
  Milliseconds round_trip() const override { return state_->round_trip(); }
  std::string peer_address() const override { return state_->addresses.peer; }
  std::string local_address() const override { return state_->addresses.local; }

 private:
  std::shared_ptr<WebSocketState> state_;
};

// What answered does not speak the protocol, or nothing answered.
Error handshake_error(const std::string& authority, const std::string& subprotocol, const IoError& error,
                      const websocket::response_type& response) {
  const IoError ended = boost::beast::http::make_error_code(boost::beast::http::error::end_of_stream);
  if (error == websocket::error::upgrade_declined)
    return {ErrorKind::refused, authority + " answers HTTP " + std::to_string(response.result_int()) +
                                    " and does not speak " + subprotocol};
  if (error != ended && (error.category() == ended.category() ||
                         error.category() == websocket::make_error_code(websocket::error::closed).category()))
    return {ErrorKind::refused, authority + " answers and does not speak " + subprotocol + ": " + error.message()};
  if (error == asio::error::timed_out || error == boost::beast::error::timeout)
    return {ErrorKind::unavailable, authority + " takes the connection and does not answer"};
  return {ErrorKind::unavailable, "WebSocket handshake with " + authority + ": " + error.message()};
}

bool lists(const std::optional<std::string>& values, std::string_view wanted) {
  std::string_view rest = values ? std::string_view(*values) : std::string_view();
  while (!rest.empty()) {
    std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (same_name(word, wanted)) return true;
  }
  return false;
}

}  // namespace

Result<void> check_upgrade(const Request& request, const std::string& subprotocol) {
  if (request.method != "GET" || !lists(find_header(request.headers, "Upgrade"), "websocket") ||
      !lists(find_header(request.headers, "Connection"), "upgrade")) {
    return fail(ErrorKind::refused, "only WebSocket connections are answered here");
  }
  if (!lists(find_header(request.headers, "Sec-WebSocket-Protocol"), subprotocol)) {
    return fail(ErrorKind::refused, "only WebSocket connections that speak " + subprotocol + " are answered here");
  }
  return {};
}

Upgrading::Upgrading(tcp::socket socket, Clock& clock)
    : clock_(clock), state_(std::make_shared<WebSocketState>(std::move(socket), clock)) {}

std::function<void()> Upgrading::cutter() const {
  return [weak = std::weak_ptr(state_)] {
    if (const auto state = weak.lock()) state->cut();
  };
}

Task<Result<std::unique_ptr<WebSocket>>> Upgrading::answer(std::string received, std::string subprotocol) {
  auto owner = std::make_unique<BeastWebSocket>(state_);
  state_->stream.set_option(websocket::stream_base::decorator(
      [subprotocol](websocket::response_type& response) { response.set(field::sec_websocket_protocol, subprotocol); }));
  IoError error;
  const auto state = state_;
  Deadline deadline(state->stream.get_executor(), clock_, [state] { state->cut(); });
  deadline.arm(handshake_limit);
  co_await state->stream.async_accept(asio::buffer(received), into(error));
  deadline.disarm();
  if (error) co_return fail(ErrorKind::unavailable, "answer the WebSocket handshake: " + error.message());
  co_return std::unique_ptr<WebSocket>(std::move(owner));
}

Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(Clock& clock, std::string url, std::string path,
                                                           std::string subprotocol) {
  const auto parsed = parse_url(url);
  if (!parsed) co_return tl::unexpected(parsed.error());
  if (parsed->scheme != "http") co_return fail(ErrorKind::refused, "a WebSocket needs an http:// URL");
  const Time due = clock.now() + handshake_limit;
  const DialLimits limits{handshake_limit};
  auto socket = co_await dial(clock, parsed->host, parsed->port, limits);
  if (!socket) co_return tl::unexpected(socket.error());

  const auto state = std::make_shared<WebSocketState>(std::move(*socket), clock);
  auto owner = std::make_unique<BeastWebSocket>(state);
  state->stream.set_option(websocket::stream_base::decorator([subprotocol](websocket::request_type& request) {
    request.set(field::sec_websocket_protocol, subprotocol);
    request.set(field::user_agent, "shoal/" SHOAL_VERSION);
  }));
  Deadline deadline(state->stream.get_executor(), clock, [state] { state->cut(); });
  deadline.arm(std::chrono::ceil<Milliseconds>(due - clock.now()));
  IoError error;
  websocket::response_type response;
  const std::string authority = parsed->authority();
  co_await state->stream.async_handshake(response, authority, path, into(error));
  deadline.disarm();
  if (deadline.expired()) error = asio::error::timed_out;
  if (error) co_return tl::unexpected(handshake_error(authority, subprotocol, error, response));
  if (response[field::sec_websocket_protocol] != subprotocol) {
    co_return fail(ErrorKind::refused, authority + " does not speak " + subprotocol);
  }
  co_return std::unique_ptr<WebSocket>(std::move(owner));
}

}  // namespace shoal::http
