// Requests that may not reach every address: judged on the address that is dialled, before a connection is made.
#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/http/dial.hpp"
#include "shared/http/kept_connections.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/loop_thread.hpp"

using namespace shoal;
using namespace shoal::test;
using http::Reach;

namespace {

const http::Reaches public_only{.network = false, .machine = false, .link = false};

// A port on all addresses of this machine, which notes whether anybody came.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    const int off = 0;
    ::setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_, 1024) == 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin6_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() {
    int count = 0;
    for (int each; (each = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ++count) ::close(each);
    return count;
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

struct Dialling {
  static Task<Result<Reach>> dial_one(Clock& clock, std::string host, std::uint16_t port, http::Reaches reaches) {
    const http::DialLimits limits{Milliseconds(5'000)};
    const auto socket = co_await http::dial(clock, std::move(host), port, limits, reaches);
    if (!socket) co_return tl::unexpected(socket.error());
    co_return http::reach_of(socket->remote_endpoint().address());
  }
  Result<Reach> operator()(const std::string& host, std::uint16_t port, http::Reaches reaches) {
    return loop.wait_for(dial_one(clock, host, port, reaches));
  }
  SystemClock clock;
  LoopThread loop;
};

// A host in one of the notations that mean an address of this machine, or of a block that is nobody's.
std::string host_of_this_machine(std::mt19937& random) {
  const std::uint32_t loopback = 0x7f000000 | (random() & 0xffffff);
  const asio::ip::address_v4 address(loopback);
  const std::string text = address.to_string();
  switch (random() % 9) {
    case 0:
      return text;
    case 1:
      return "::ffff:" + text;
    case 2:
      return std::to_string(loopback);
    case 3:
      return "0177." + std::to_string(loopback & 0xffffff);
    case 4:
      return "0x7f." + std::to_string(loopback & 0xffffff);
    case 5:
      return "0.0.0.0";
    case 6:
      return "::";
    case 7:
      return "::1";
    default:
      return "localhost";
  }
}

Task<Result<Reach>> reach_of_answer(Clock& clock, http::ClientRequest request) {
  const auto response = co_await http::request(clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  const auto body = co_await http::read_all(**response, 1_MiB);
  if (!body) co_return tl::unexpected(body.error());
  co_return (*response)->reach();
}

}  // namespace

TEST_CASE("500 hosts that mean this machine are refused by name, and no connection is made") {
  Listener listener;
  Dialling dial;
  std::mt19937 random(500);
  for (int i = 0; i < 500; ++i) {
    const std::string host = host_of_this_machine(random);
    INFO(host);
    const auto reached = dial(host, listener.port(), public_only);
    REQUIRE_FALSE(reached);
    REQUIRE(reached.error().kind == ErrorKind::refused);
    REQUIRE_THAT(reached.error().what, Catch::StartsWith(host + ": ") && Catch::Contains("[upstreams"));
  }
  CHECK(listener.connections() == 0);
}

TEST_CASE("an address that is allowed is dialled, and one that is not is passed over") {
  Listener listener;
  Dialling dial;
  const http::Reaches local{.everywhere = false, .network = false, .link = false};
  for (const char* host : {"127.0.0.1", "localhost", "127.1"}) {
    INFO(host);
    CHECK(dial(host, listener.port(), local).value() == Reach::machine);
  }
  CHECK(dial("127.0.0.1", listener.port(), {}).value() == Reach::machine);
  CHECK(listener.connections() == 4);
}

TEST_CASE("a response says how far the address that answers reaches, and a kept connection is judged by it") {
  HttpOrigin origin;
  origin.routes().Get("/a", [](const auto&, auto& response) { response.set_content("12345", "a/b"); });
  origin.start(10);
  SystemClock clock;
  LoopThread loop;
  http::ClientRequest request;
  request.url = http::parse_url(origin.url("/a")).value();
  request.kept = std::make_shared<http::KeptConnections>();
  for (int i = 0; i < 2; ++i) CHECK(loop.wait_for(reach_of_answer(clock, request)).value() == Reach::machine);
  request.reaches = public_only;
  const auto refused = loop.wait_for(reach_of_answer(clock, request));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK_THAT(refused.error().what, Catch::StartsWith("127.0.0.1: "));
}
