// RecordedExchange: one request, and the answer that a handler gives to it, without a network.
#pragma once

#include <unistd.h>

#include "shared/core/check.hpp"
#include "shared/core/signal.hpp"
#include "shared/http/server.hpp"

namespace shoal {

class RecordedExchange final : public http::Exchange {
 public:
  explicit RecordedExchange(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  void limit_send_buffer(ByteCount size) override { send_buffer = size; }
  Task<void> respond(http::Response response) override {
    take(std::move(response));
    body = bytes_of_text(head->body);
    co_return;
  }
  Task<Result<void>> start(http::Response response) override {
    take(std::move(response));
    if (is_gone) co_return fail(ErrorKind::unavailable, "the client is gone");
    co_return Result<void>();
  }
  Task<Result<void>> send(http::FileSpan span) override {
    if (is_gone) co_return fail(ErrorKind::unavailable, "the client is gone");
    Bytes bytes(span.length);
    const ssize_t read = ::pread(span.descriptor, bytes.data(), bytes.size(), static_cast<off_t>(span.offset));
    if (read != static_cast<ssize_t>(bytes.size())) co_return fail(ErrorKind::corrupt, "the file is too short");
    body.insert(body.end(), bytes.begin(), bytes.end());
    if (reader) co_await reader->wait();
    co_return Result<void>();
  }
  Task<Result<void>> send(Bytes bytes) override {
    if (is_gone) co_return fail(ErrorKind::unavailable, "the client is gone");
    body.insert(body.end(), bytes.begin(), bytes.end());
    co_return Result<void>();
  }
  std::uint64_t sent_bytes() const override { return body.size(); }
  Task<Result<std::unique_ptr<http::WebSocket>>> upgrade(std::string) override {
    co_return fail(ErrorKind::refused, "no WebSocket");
  }

  bool is_gone = false;
  Signal* reader = nullptr;  // with one, a file has left once it notifies
  std::optional<http::Response> head;
  Bytes body;
  std::optional<ByteCount> send_buffer;

 private:
  static Bytes bytes_of_text(const std::string& text) { return copy_of(bytes_of(text)); }
  void take(http::Response response) {
    SHOAL_CHECK(!head);
    head = std::move(response);
  }

  http::Request request_;
};

}  // namespace shoal
