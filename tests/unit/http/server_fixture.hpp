// ServerFixture: our Server on a free loopback port, on a loop thread.
#pragma once

#include <httplib.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "shared/http/server.hpp"
#include "tests/doubles/loop_thread.hpp"

namespace shoal::test {

class ServerFixture {
 public:
  explicit ServerFixture(http::Handler handler, http::ServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    const http::Server::Parts parts{loop_.loop(), clock_, threads_};
    loop_.on_loop([&] { server_ = std::make_unique<http::Server>(parts, options, "test", std::move(handler)); });
    port_ = http::parse_host_port(server_->address())->port;
  }
  ~ServerFixture() {
    if (server_) stop_server();
    loop_.stop();
  }

  int port() const { return port_; }
  LoopThread& loop() { return loop_; }
  Clock& clock() { return clock_; }
  http::Server& server() { return *server_; }
  void stop_server() {
    loop_.on_loop([this] { server_.reset(); });
  }
  // The server goes while the loop stands still, and the loop with everything suspended in it afterwards.
  void stop_loop_then_server() {
    loop_.stop();
    server_.reset();
  }
  httplib::Client client() const {
    httplib::Client made("127.0.0.1", port_);
    made.set_keep_alive(true);
    made.set_tcp_nodelay(true);
    return made;
  }

 private:
  LoopThread loop_;
  SystemClock clock_;
  http::ServeThreads threads_{clock_, 2};
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
};

// An open, already unlinked file with `content`.
inline http::FileSpan file_with(std::string_view content) {
  char name[] = "/tmp/shoal-test-XXXXXX";
  const int descriptor = ::mkostemp(name, O_CLOEXEC);
  ::unlink(name);
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t written = ::write(descriptor, content.data() + done, content.size() - done);
    if (written <= 0) std::abort();
    done += static_cast<std::size_t>(written);
  }
  std::shared_ptr<const void> keep(nullptr, [descriptor](const void*) { ::close(descriptor); });
  return {keep, descriptor, 0, content.size()};
}

// Bytes that repeat only after a long time, so that a shifted or doubled stretch shows.
inline std::string patterned(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : out) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

}  // namespace shoal::test
