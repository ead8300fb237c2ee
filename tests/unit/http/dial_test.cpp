// Connections to hosts that refuse, and to hosts from which nothing comes.
#include "shared/http/dial.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/doubles/loop_thread.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

// A port whose queue of connections is full: the kernel drops what comes then, as a packet filter does.
class SilentPort {
 public:
  SilentPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    first_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::connect(first_, reinterpret_cast<sockaddr*>(&address), size);
  }
  ~SilentPort() {
    ::close(first_);
    ::close(listener_);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  std::uint16_t port() const { return port_; }
  // Connections to it that have sent their first packet and have no answer.
  int attempts() const {
    std::ifstream table("/proc/net/tcp");
    int found = 0;
    for (std::string line; std::getline(table, line);) {
      std::istringstream words(line);
      std::string number, local, remote, state;
      words >> number >> local >> remote >> state;
      const auto colon = remote.find(':');
      const bool is_to_port = colon != std::string::npos && remote.substr(colon + 1).size() == 4 &&
                              std::stoi(remote.substr(colon + 1), nullptr, 16) == port_;
      found += is_to_port && state == "02" ? 1 : 0;
    }
    return found;
  }

 private:
  int listener_;
  int first_ = -1;
  std::uint16_t port_ = 0;
};

struct Stage {
  std::future<Result<std::uint16_t>> dial(std::uint16_t port, http::DialLimits limits) {
    return loop.start(port_of(clock, port, limits));
  }
  static Task<Result<std::uint16_t>> port_of(Clock& clock, std::uint16_t port, http::DialLimits limits) {
    auto socket = co_await http::dial(clock, "127.0.0.1", port, limits);
    if (!socket) co_return tl::unexpected(socket.error());
    co_return socket->remote_endpoint().port();
  }
  void pass(Milliseconds time) {
    loop.on_loop([&] { clock.advance(time); });
  }
  template <class Condition>
  void wait_for(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }

  LoopThread loop;
  ManualClock clock{loop.loop()};
};

}  // namespace

TEST_CASE("a port on which nothing listens is told at once, and without a second attempt") {
  std::uint16_t port = 0;
  {
    const SilentPort gone;
    port = gone.port();
  }
  Stage stage;
  const auto socket = stage.dial(port, {Milliseconds(5'000)}).get();
  REQUIRE_FALSE(socket);
  CHECK(socket.error().kind == ErrorKind::unavailable);
  CHECK(socket.error().fault == Fault::port_closed);
}

TEST_CASE("a connection that is not answered is attempted again each 200 ms, four times, and given up in its time") {
  const SilentPort silent;
  Stage stage;
  auto dialled = stage.dial(silent.port(), {Milliseconds(5'000), Milliseconds(800)});
  for (int attempts = 1; attempts <= 4; ++attempts) {
    stage.wait_for([&] { return silent.attempts() == attempts; });
    stage.pass(Milliseconds(200));
  }
  const auto socket = dialled.get();
  REQUIRE_FALSE(socket);
  CHECK(socket.error().fault == Fault::no_connection);
  stage.wait_for([&] { return silent.attempts() == 0; });
}
