// RecordingExchange: an exchange without a connection. It remembers what the handler answered.
#pragma once

#include <optional>

#include "shared/http/server.hpp"

namespace shoal {

class RecordingExchange final : public http::Exchange {
 public:
  explicit RecordingExchange(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  void limit_send_buffer(ByteCount) override {}
  Task<void> respond(http::Response answer) override {
    response = std::move(answer);
    co_return;
  }
  Task<Result<void>> start(http::Response answer) override {
    response = std::move(answer);
    co_return Result<void>{};
  }
  Task<Result<void>> send(http::FileSpan span) override {
    spans.push_back(std::move(span));
    co_return Result<void>{};
  }
  Task<Result<void>> send(Bytes bytes) override {
    sent.insert(sent.end(), bytes.begin(), bytes.end());
    co_return Result<void>{};
  }
  Task<Result<std::unique_ptr<http::WebSocket>>> upgrade(std::string) override {
    co_return fail(ErrorKind::refused, "no WebSocket here");
  }

  std::optional<http::Response> response;
  std::vector<http::FileSpan> spans;
  Bytes sent;

 private:
  http::Request request_;
};

}  // namespace shoal
