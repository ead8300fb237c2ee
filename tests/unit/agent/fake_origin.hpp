// FakeOrigin: a registry with one blob, over cpp-httplib: the independent counterpart of our origin client.
#pragma once

#include <httplib.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "shared/core/bytes.hpp"
#include "shared/core/digest.hpp"
#include "shared/crypto/hasher.hpp"

namespace shoal {

class FakeOrigin {
 public:
  // Answers GET of any blob of lib/app with `content`, whatever its digest, or with 404.
  explicit FakeOrigin(Bytes content, bool not_found = false) : content_(std::move(content)), not_found_(not_found) {
    server_.Get("/v2/lib/app/blobs/(.*)",
                [this](const httplib::Request& request, httplib::Response& response) { answer(request, response); });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~FakeOrigin() {
    server_.stop();
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int gets() const { return gets_; }
  void break_off_after(std::size_t bytes) { break_off_ = bytes; }  // the first answer only
  std::string last_range() const {
    const std::lock_guard lock(mutex_);
    return last_range_;
  }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) {
    ++gets_;
    const std::string range = request.get_header_value("Range");
    {
      const std::lock_guard lock(mutex_);
      last_range_ = range;
    }
    if (not_found_) {
      response.status = 404;
      return;
    }
    if (content_.empty()) {
      response.set_content("", "application/octet-stream");
      return;
    }
    const std::size_t break_off = break_off_.exchange(0);
    response.set_content_provider(content_.size(), "application/octet-stream",
                                  [this, break_off](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                    if (break_off != 0 && offset >= break_off) return false;
                                    const std::size_t count = std::min<std::size_t>(length, 10'000);
                                    return sink.write(reinterpret_cast<const char*>(content_.data()) + offset, count);
                                  });
  }

  Bytes content_;
  bool not_found_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::atomic<int> gets_{0};
  std::atomic<std::size_t> break_off_{0};
  mutable std::mutex mutex_;
  std::string last_range_;
};

}  // namespace shoal
