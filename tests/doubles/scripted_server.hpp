// ScriptedServer: answers every connection's first request head with the same bytes, whatever they are, and then
// closes, holds its tongue or trickles. For answers that no decent server gives.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace shoal::test {

enum class Afterwards { close, stay_silent, trickle };  // one byte every 5 ms, until the other side goes

class ScriptedServer {
 public:
  ScriptedServer(std::string answer, Afterwards afterwards)
      : answer_(std::move(answer)),
        afterwards_(afterwards),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);  // ends `accept`
    thread_.join();
    for (const int socket : held_) ::close(socket);
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  std::string last_request() {  // once its answer has been read
    return last_request_;
  }
  int requests() const { return requests_; }    // read so far
  int trickled() const { return trickled_; }  // bytes that have left

 private:
  void serve() {
    while (true) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      std::string request;
      char block[4096];
      ssize_t size = 1;
      while (size > 0 && request.find("\r\n\r\n") == std::string::npos) {
        size = ::recv(socket, block, sizeof block, 0);
        if (size > 0) request.append(block, static_cast<std::size_t>(size));
      }
      last_request_ = request;
      ++requests_;
      std::string_view rest = answer_;
      while (!rest.empty() && (size = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL)) > 0) {
        rest.remove_prefix(static_cast<std::size_t>(size));
      }
      if (afterwards_ == Afterwards::trickle) trickle(socket);
      if (afterwards_ == Afterwards::stay_silent) {
        held_.push_back(socket);
      } else {
        ::close(socket);
      }
    }
  }

  void trickle(int socket) {
    const int at_once = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    pollfd gone{socket, POLLIN, 0};
    while (!stopping_ && ::poll(&gone, 1, 5) == 0 && ::send(socket, "x", 1, MSG_NOSIGNAL) == 1) ++trickled_;
  }

  std::string answer_;
  Afterwards afterwards_;
  int listener_;
  int port_ = 0;
  std::string last_request_;
  std::vector<int> held_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0};
  std::atomic<int> trickled_{0};
  std::thread thread_;
};

}  // namespace shoal::test
