// MeteredExchange: an exchange that is watched: which status it was answered with, and when the first byte left.
//
// Threads: the loop.
#pragma once

#include <optional>

#include "agent/registry/metrics.hpp"
#include "shared/core/clock.hpp"
#include "shared/http/server.hpp"

namespace shoal::agent::registry {

class MeteredExchange final : public http::Exchange {
 public:
  MeteredExchange(http::Exchange& inner, Clock& clock) : inner_(inner), clock_(clock), asked_(clock.now()) {}

  Kind kind = Kind::other;  // once the request was read

  Time asked() const { return asked_; }
  unsigned status() const { return status_; }  // 0 while there is no answer
  bool failed() const { return status_ == 0 || status_ >= 400; }
  std::uint64_t length() const { return length_; }                 // of the promised body
  std::optional<Time> first_byte() const { return first_byte_; }  // of the body

  const http::Request& request() const override { return inner_.request(); }
  void limit_send_buffer(ByteCount size) override { inner_.limit_send_buffer(size); }
  Task<void> respond(http::Response response) override {
    note(response);
    note_byte(response.body.size());
    co_await inner_.respond(std::move(response));
  }
  Task<Result<void>> start(http::Response response) override {
    note(response);
    auto started = co_await inner_.start(std::move(response));
    co_return started;
  }
  Task<Result<void>> send(http::FileSpan span) override {
    note_byte(span.length);
    auto sent = co_await inner_.send(std::move(span));
    co_return sent;
  }
  Task<Result<void>> send(Bytes bytes) override {
    note_byte(bytes.size());
    auto sent = co_await inner_.send(std::move(bytes));
    co_return sent;
  }
  std::uint64_t sent_bytes() const override { return inner_.sent_bytes(); }
  Task<Result<std::unique_ptr<http::WebSocket>>> upgrade(std::string subprotocol) override {
    auto socket = co_await inner_.upgrade(std::move(subprotocol));
    co_return socket;
  }

 private:
  void note(const http::Response& response) {
    status_ = response.status;
    length_ = response.length.value_or(response.body.size());
  }
  void note_byte(std::uint64_t bytes) {
    if (bytes > 0 && !first_byte_ && request().method == "GET") first_byte_ = clock_.now();
  }

  http::Exchange& inner_;
  Clock& clock_;
  Time asked_;
  unsigned status_ = 0;
  std::uint64_t length_ = 0;
  std::optional<Time> first_byte_;
};

}  // namespace shoal::agent::registry
