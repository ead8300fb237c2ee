// RawClient: a blocking client, over TCP or a Unix socket, that sends exactly the bytes it is told to. Every wait ends after 10 s, as a
// failure.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace shoal::test {

class RawClient {
 public:
  explicit RawClient(int port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  explicit RawClient(const std::string& socket_file) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_file.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // Or the other side has ended.
  bool has_received() const {
    pollfd look{socket_, POLLIN, 0};
    return ::poll(&look, 1, 0) == 1;
  }

  enum class End { clean, reset };
  // Everything until the other side ends, into `received`.
  End read_to_end(std::string& received) {
    while (true) {
      const ssize_t size = read_some(received);
      if (size == 0) return End::clean;
      if (size < 0) return End::reset;
    }
  }
  // Until `received` holds `wanted`; false when the other side ends before.
  bool read_until(std::string& received, std::string_view wanted) {
    while (received.find(wanted) == std::string::npos) {
      if (read_some(received) <= 0) return false;
    }
    return true;
  }
  void read_exactly(std::string& received, std::size_t size) {
    while (received.size() < size) REQUIRE(read_some(received) > 0);
  }

 private:
  ssize_t read_some(std::string& received) {
    pollfd wait{socket_, POLLIN, 0};
    REQUIRE(::poll(&wait, 1, 10'000) == 1);
    char block[65536];
    const ssize_t size = ::recv(socket_, block, sizeof block, 0);
    if (size > 0) received.append(block, static_cast<std::size_t>(size));
    return size;
  }
  int socket_;
  bool connected_ = false;
};

}  // namespace shoal::test
