#include "shared/http/client.hpp"

#include <algorithm>
#include <cstring>

#include "shared/http/head.hpp"
#include "shared/http/kept_connections.hpp"
#include "shared/http/transport.hpp"

namespace shoal::http {
namespace {

constexpr std::size_t buffer_size = 256 << 10;  // of each open body: the most that one read returns
constexpr int most_interim_answers = 8;  // 100, 103: RFC 9110 section 15.2 sets no bound

// The first bytes of a record. Source: RFC 8446 section 5.1.
constexpr std::byte tls_alert{21};
constexpr std::byte tls_handshake{22};
constexpr std::byte tls_major_version{3};

bool is_token(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

Result<std::string> request_text(const ClientRequest& request) {
  bool sound = is_token(request.method) && request.url.target.starts_with('/') && is_one_line(request.url.target) &&
               request.url.target.find(' ') == std::string::npos;
  std::string text = request.method + " " + request.url.target + " HTTP/1.1\r\nHost: " + request.url.authority() +
                     "\r\nUser-Agent: shoal/" SHOAL_VERSION "\r\nConnection: ";
  text += request.kept ? "keep-alive\r\n" : "close\r\n";
  for (const Header& header : request.headers) {
    sound = sound && is_token(header.name) && is_one_line(header.value);
    text += header.name + ": " + header.value + "\r\n";
  }
  if (!sound) return fail(ErrorKind::refused, "a request with a malformed method, path or header");
  return text + "\r\n";
}

// Whose connection it is: the other side, and how far it was verified.
std::string server_of(const ClientRequest& request) {
  return request.url.scheme + "://" + request.url.authority() + " " + request.ca_file + (request.insecure ? " *" : "");
}

class Received final : public ClientResponse {
 public:
  Received(Clock& clock, std::unique_ptr<Transport> transport, const ClientRequest& request)
      : clock_(clock),
        transport_(std::move(transport)),
        to_head_request_(request.method == "HEAD"),
        limits_(request.limits),
        home_{request.kept, server_of(request)},
        buffer_(std::make_unique_for_overwrite<std::byte[]>(buffer_size)) {}

  unsigned status() const override { return head_->status; }
  const Headers& headers() const override { return head_->headers; }
  std::optional<std::uint64_t> content_length() const override { return head_->content_length; }

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
      recent_bytes_ += *size;
      recent_wait_ += clock_.now() - began;
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
    std::string server;
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
    if (recent_wait_ < limits_.trickle) return false;
    recent_wait_ = Time::duration::zero();
    return std::exchange(recent_bytes_, 0) < limits_.least.value;
  }
  ByteView unread() const { return ByteView(buffer_.get() + begin_, end_ - begin_); }

  Task<Result<void>> read_one_head(Time due) {
    while (true) {
      const std::string_view received = text_of(unread());
      const auto length = head_length(received.substr(0, largest_response_head));
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
      if (!size && due > clock_.now()) co_return tl::unexpected(no_answer(size.error().what));
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
  bool to_head_request_;
  ClientLimits limits_;
  Home home_;
  std::optional<Time> body_due_;
  std::uint64_t recent_bytes_ = 0;
  Time::duration recent_wait_{};
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
Task<Result<std::unique_ptr<ClientResponse>>> exchange(Clock& clock, ClientRequest request, std::string text,
                                                       std::unique_ptr<Transport> transport) {
  const auto due = clock.now() + request.limits.headers;
  const auto written = co_await transport->write(std::move(text), request.limits.headers);
  if (!written) co_return tl::unexpected(with_authority(written.error(), request.url));

  auto response = std::make_unique<Received>(clock, std::move(transport), request);
  const auto left = std::chrono::ceil<Milliseconds>(due - clock.now());
  const auto head = co_await response->read_head(left);
  if (!head) co_return tl::unexpected(with_authority(head.error(), request.url));
  co_return std::unique_ptr<ClientResponse>(std::move(response));
}

}  // namespace

Task<Result<std::unique_ptr<ClientResponse>>> request(Clock& clock, ClientRequest request) {
  auto text = request_text(request);
  if (!text) co_return tl::unexpected(text.error());
  const auto due = clock.now() + request.limits.headers;
  std::unique_ptr<Transport> kept = request.kept ? request.kept->take(server_of(request)) : nullptr;
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
