#include "shared/http/client.hpp"

#include <algorithm>
#include <cstring>

#include "shared/http/head.hpp"
#include "shared/http/kept_connections.hpp"
#include "shared/http/request_text.hpp"
#include "shared/http/transport.hpp"
#include "shared/http/tunnel.hpp"

namespace shoal::http {
namespace {

constexpr std::size_t buffer_size = 256 << 10;  // of each open body: the most that one read returns
constexpr int most_interim_answers = 8;  // 100, 103: RFC 9110 section 15.2 sets no bound

// The first bytes of a record. Source: RFC 8446 section 5.1.
constexpr std::byte tls_alert{21};
constexpr std::byte tls_handshake{22};
constexpr std::byte tls_major_version{3};

class Received final : public ClientResponse {
 public:
  Received(Clock& clock, std::unique_ptr<Transport> transport, const ClientRequest& request)
      : clock_(clock),
        transport_(std::move(transport)),
        reach_(transport_->reach()),
        to_head_request_(request.method == "HEAD"),
        limits_(request.limits),
        home_{request.kept, connection_key(request)},
        buffer_(std::make_unique_for_overwrite<std::byte[]>(buffer_size)) {}

  unsigned status() const override { return head_->status; }
  const Headers& headers() const override { return head_->headers; }
  std::optional<std::uint64_t> content_length() const override { return head_->content_length; }

  Reach reach() const override { return reach_; }

  // Reads the head of the final answer.
  Task<Result<void>> read_head(Milliseconds limit) {
    const auto due = clock_.now() + limit;
    for (int i = 0; i < most_interim_answers; ++i) {
      const auto done = co_await read_one_head(due);
      if (!done) co_return tl::unexpected(done.error());
      if (status() >= 200) {
        if (limits_.whole.count() > 0) body_due_ = clock_.now() + limits_.whole;
        give_back();
        co_return Result<void>();
      }
      if (status() == 101) break;
    }
    co_return fail(ErrorKind::unavailable, "the answer is not one that was asked for");
  }

  Task<Result<ByteView>> next() override {
    while (!head_->body.finished()) {
      if (begin_ != end_) {
        const auto step = head_->body.step(unread());
        if (!step) co_return tl::unexpected(step.error());
        begin_ += step->consumed;
        give_back();
        if (!step->body.empty()) co_return step->body;
        if (step->consumed > 0) continue;
      }
      const Milliseconds left = patience();
      if (left <= Milliseconds::zero()) co_return fail(ErrorKind::unavailable, "the body takes too long");
      if (is_trickling()) co_return fail(ErrorKind::unavailable, "the body is slower than its limit");
      const auto began = clock_.now();
      const auto size = co_await fill(left);
      if (!size) co_return tl::unexpected(size.error());
      recent_.bytes += *size;
      recent_.wait += clock_.now() - began;
      if (*size > 0) continue;
      const auto ended = head_->body.end_of_stream();
      if (!ended) co_return tl::unexpected(ended.error());
    }
    co_return ByteView();
  }

  void cancel() override {
    if (transport_) transport_->cancel();
  }

 private:
  struct Home {  // where the connection goes afterwards
    std::shared_ptr<KeptConnections> kept;  // Shared: with the requests to come; null: nowhere
    Secret server;
  };
  // Behind the end of the answer, the connection is free for the next request. A server that has sent more is not
  // believed again.
  void give_back() {
    const bool ended = head_->body.finished() && begin_ == end_;
    if (home_.kept && transport_ && ended && head_->keep_alive) home_.kept->keep(home_.server, std::move(transport_));
  }
  Milliseconds patience() const {
    if (!body_due_) return limits_.silence;
    return std::min(limits_.silence, std::chrono::ceil<Milliseconds>(*body_due_ - clock_.now()));
  }
  // By how long bytes were waited for: the reader's own pauses do not count.
  bool is_trickling() {
    if (recent_.wait < limits_.trickle) return false;
    recent_.wait = Time::duration::zero();
    return std::exchange(recent_.bytes, 0) < limits_.least.value;
  }
  ByteView unread() const { return ByteView(buffer_.get() + begin_, end_ - begin_); }

  Task<Result<void>> read_one_head(Time due) {
    while (true) {
      const std::string_view received = text_of(unread());
      const auto length = response_head_length(received.substr(0, largest_response_head));
      if (length) {
        begin_ += *length;
        auto head = parse_response_head(received.substr(0, *length), to_head_request_);
        if (!head) co_return tl::unexpected(head.error());
        head_ = std::move(*head);
        co_return Result<void>();
      }
      if (received.size() >= largest_response_head)
        co_return fail(ErrorKind::unavailable, "the answer's head is too long");
      const auto left = std::chrono::ceil<Milliseconds>(due - clock_.now());
      if (left <= Milliseconds::zero()) co_return fail(ErrorKind::unavailable, "no answer in time");
      const auto size = co_await fill(left);
      const bool is_end = !size && size.error().fault == Fault::none && due > clock_.now();
      if (is_end) co_return tl::unexpected(no_answer(size.error().what));
      if (!size) co_return tl::unexpected(size.error());
      if (*size == 0) co_return tl::unexpected(no_answer("closed without an answer"));
    }
  }

  // A server that expects TLS answers a request in plain HTTP with a record of it, or ends the connection.
  Error no_answer(const std::string& cause) const {
    const bool is_tls = end_ - begin_ >= 2 && (buffer_[begin_] == tls_alert || buffer_[begin_] == tls_handshake) &&
                        buffer_[begin_ + 1] == tls_major_version;
    const Fault fault = is_tls ? Fault::tls_expected : Fault::closed;
    return {ErrorKind::unavailable, is_tls ? "answered in TLS" : cause, Milliseconds(0),
            begin_ == end_ || is_tls ? fault : Fault::none};
  }

  // More bytes behind the unread ones; 0 at the end of the stream.
  Task<Result<std::size_t>> fill(Milliseconds limit) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    if (end_ == buffer_size) co_return fail(ErrorKind::unavailable, "malformed body");
    const MutableBytes room(buffer_.get() + end_, buffer_size - end_);
    const auto size = co_await transport_->read_some(room, limit);
    if (size) end_ += *size;
    co_return size;
  }

  Clock& clock_;
  std::unique_ptr<Transport> transport_;
  Reach reach_;
  bool to_head_request_;
  ClientLimits limits_;
  Home home_;
  std::optional<Time> body_due_;
  struct {
    std::uint64_t bytes = 0;
    Time::duration wait{};
  } recent_;
  std::optional<ResponseHead> head_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0;  // unread bytes of the buffer
  std::size_t end_ = 0;
};

Error with_authority(Error error, const Url& url) {
  error.what = url.authority() + ": " + error.what;
  return error;
}

// Sends the request and waits for the head of its answer.
Task<Result<std::unique_ptr<ClientResponse>>> exchange(Clock& clock, ClientRequest request, Secret text,
                                                       std::unique_ptr<Transport> transport) {
  const auto due = clock.now() + request.limits.headers;
  const auto written = co_await transport->write(std::move(text), request.limits.headers);
  const bool is_late = clock.now() >= due;
  if (!written && is_late) co_return tl::unexpected(with_authority(written.error(), request.url));

  // A server that has closed may have said why before.
  auto response = std::make_unique<Received>(clock, std::move(transport), request);
  const auto left = std::chrono::ceil<Milliseconds>(due - clock.now());
  const auto head = co_await response->read_head(left);
  if (!head) {
    const bool is_told = written || head.error().fault == Fault::certificate_refused;
    co_return tl::unexpected(with_authority(is_told ? head.error() : written.error(), request.url));
  }
  const bool is_of_proxy = request.proxy && request.url.scheme == "http" && response->status() == 407;
  if (is_of_proxy) co_return tl::unexpected(proxy_refusal(request, response->status()));
  co_return std::unique_ptr<ClientResponse>(std::move(response));
}

// A connection that may carry the request. The proxy's own address is configured: any is allowed.
std::unique_ptr<Transport> kept_connection(const ClientRequest& request) {
  if (!request.kept) return nullptr;
  return request.kept->take(connection_key(request), request.proxy ? Reaches{} : request.reaches);
}

}  // namespace

Task<Result<std::unique_ptr<ClientResponse>>> request(Clock& clock, ClientRequest request) {
  auto text = request_text(request);
  if (!text) co_return tl::unexpected(text.error());
  const auto allowed = check_proxied_host(request);
  if (!allowed) co_return tl::unexpected(allowed.error());
  const auto due = clock.now() + request.limits.headers;
  std::unique_ptr<Transport> kept = kept_connection(request);
  if (kept) {
    auto answered = co_await exchange(clock, request, *text, std::move(kept));
    // Else the server has most likely closed it meanwhile. One that says nothing would say nothing on another one too.
    if (answered || clock.now() >= due) co_return answered;
  }
  auto transport = co_await open_transport(clock, request);
  if (!transport) co_return tl::unexpected(transport.error());
  auto answered = co_await exchange(clock, std::move(request), std::move(*text), std::move(*transport));
  co_return answered;
}

Task<Result<Bytes>> read_all(ClientResponse& response, ByteCount limit) {
  Bytes body;
  while (true) {
    const auto part = co_await response.next();
    if (!part) co_return tl::unexpected(part.error());
    if (part->empty()) co_return body;
    if (body.size() + part->size() > limit.value) {
      co_return fail(ErrorKind::refused, "the body is longer than " + shoal::text(limit));
    }
    body.insert(body.end(), part->begin(), part->end());
  }
}

}  // namespace shoal::http
