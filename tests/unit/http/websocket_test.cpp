#include "shared/http/websocket.hpp"

#include <catch2/catch.hpp>

#include "shared/core/check.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/doubles/watched_clock.hpp"
#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;
using http::Exchange;
using http::WebSocket;
using Connected = Result<std::unique_ptr<WebSocket>>;

namespace {

Task<void> echo_messages(Exchange& exchange) {
  auto socket = co_await exchange.upgrade("shoal.test");
  while (socket) {
    auto message = co_await (*socket)->receive();
    if (!message) break;
    (*socket)->send(std::move(*message));
  }
}

Connected connect(ServerFixture& fixture, const std::string& subprotocol = "shoal.test") {
  const std::string url = "http://127.0.0.1:" + std::to_string(fixture.port());
  return fixture.loop().wait_for(http::connect_websocket(fixture.clock(), url, "/control", subprotocol));
}

Result<Bytes> receive(ServerFixture& fixture, WebSocket& socket) {
  return fixture.loop().wait_for(socket.receive());
}

// A WebSocket lives on the loop: it is used and destroyed there.
void send(ServerFixture& fixture, WebSocket& socket, Bytes message) {
  fixture.loop().on_loop([&] { socket.send(std::move(message)); });
}

void destroy(ServerFixture& fixture, Connected& socket) {
  fixture.loop().on_loop([&] { socket->reset(); });
}

constexpr std::string_view upgrade_head =
    "GET /control HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

}  // namespace

TEST_CASE("binary messages of every size up to the largest travel both ways in order") {
  ServerFixture fixture(echo_messages);
  auto socket = connect(fixture);
  REQUIRE(socket);
  CHECK((*socket)->peer_address() == "127.0.0.1");
  CHECK((*socket)->local_address() == "127.0.0.1");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{126}, std::size_t{70'000}, http::largest_message}) {
    const std::string content = patterned(size);
    send(fixture, **socket, copy_of(bytes_of(content)));
    const auto message = receive(fixture, **socket);
    REQUIRE(message);
    CHECK(text_of(*message) == content);
  }
  destroy(fixture, socket);
}

TEST_CASE("messages that were sent before a close still arrive") {
  ServerFixture fixture([](Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade("shoal.test");
    SHOAL_CHECK(socket);
    for (int i = 0; i < 3; ++i) (*socket)->send(Bytes(200'000));
    (*socket)->close();
    const auto end = co_await (*socket)->receive();
    SHOAL_CHECK(!end);
  });
  auto socket = connect(fixture);
  REQUIRE(socket);
  for (int i = 0; i < 3; ++i) CHECK(receive(fixture, **socket));
  const auto end = receive(fixture, **socket);
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::unavailable);
  CHECK_FALSE(receive(fixture, **socket));
  destroy(fixture, socket);
}

TEST_CASE("messages that come while this side closes are dropped, and the connection ends") {
  ServerFixture fixture([](Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade("shoal.test");
    SHOAL_CHECK(socket);
    auto first = co_await (*socket)->receive();
    (*socket)->close();
    while (first) first = co_await (*socket)->receive();
  });
  auto socket = connect(fixture);
  REQUIRE(socket);
  for (int i = 0; i < 200; ++i) send(fixture, **socket, Bytes(1'000));
  CHECK_FALSE(receive(fixture, **socket));
  destroy(fixture, socket);
}

TEST_CASE("a message over the largest ends the connection") {
  ServerFixture fixture(echo_messages);
  auto socket = connect(fixture);
  REQUIRE(socket);
  send(fixture, **socket, Bytes(http::largest_message + 1));
  CHECK_FALSE(receive(fixture, **socket));
  destroy(fixture, socket);
}

TEST_CASE("a peer that does not read is cut when the queue is over its bound") {
  auto cut = std::make_shared<std::promise<void>>();
  ServerFixture fixture([cut](Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade("shoal.test");
    SHOAL_CHECK(socket);
    for (int i = 0; i < 12; ++i) (*socket)->send(Bytes(http::largest_message));
    const auto end = co_await (*socket)->receive();
    SHOAL_CHECK(!end);
    cut->set_value();
  });
  RawClient client(fixture.port());
  client.send(std::string(upgrade_head) + "Sec-WebSocket-Protocol: shoal.test\r\n\r\n");
  cut->get_future().wait();
  std::string received;
  client.read_to_end(received);
  CHECK(received.size() < 12 * http::largest_message);
}

TEST_CASE("a client that speaks another sub-protocol is refused by name") {
  ServerFixture fixture(echo_messages);
  const auto socket = connect(fixture, "other.v9");
  CHECK_FALSE(socket);
  RawClient client(fixture.port());
  client.send(std::string(upgrade_head) + "\r\n");
  std::string received;
  CHECK(client.read_until(received, "speak shoal.test"));
  CHECK(received.starts_with("HTTP/1.1 426"));
}

TEST_CASE("a plain request to a WebSocket's place is answered and keeps its connection") {
  ServerFixture fixture(echo_messages);
  RawClient client(fixture.port());
  for (int i = 0; i < 2; ++i) {
    client.send("GET /control HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string received;
    CHECK(client.read_until(received, "only WebSocket connections"));
  }
}

TEST_CASE("the handshake's answer is the one of RFC 6455") {
  ServerFixture fixture(echo_messages);
  RawClient client(fixture.port());
  client.send(std::string(upgrade_head) + "Sec-WebSocket-Protocol: a, shoal.test\r\n\r\n");
  std::string received;
  REQUIRE(client.read_until(received, "\r\n\r\n"));
  CHECK(received.starts_with("HTTP/1.1 101"));
  CHECK(received.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
  CHECK(received.find("Sec-WebSocket-Protocol: shoal.test\r\n") != std::string::npos);
  CHECK(received.find("Sec-WebSocket-Extensions") == std::string::npos);
}

TEST_CASE("a text message ends the connection") {
  ServerFixture fixture(echo_messages);
  RawClient client(fixture.port());
  client.send(std::string(upgrade_head) + "Sec-WebSocket-Protocol: shoal.test\r\n\r\n");
  std::string received;
  REQUIRE(client.read_until(received, "\r\n\r\n"));
  client.send(std::string_view("\x81\x81\0\0\0\0x", 7));
  client.read_to_end(received);
  CHECK(received.ends_with("\r\n\r\n"));
}

TEST_CASE("a port where nobody listens is unavailable, and a server that is no WebSocket refused") {
  int free_port = 0;
  {
    ServerFixture gone(echo_messages);
    free_port = gone.port();
  }
  ServerFixture fixture([](Exchange& exchange) -> Task<void> {
    http::Response response;
    response.status = 404;
    co_await exchange.respond(response);
  });
  const std::string nobody = "http://127.0.0.1:" + std::to_string(free_port);
  const auto refused = fixture.loop().wait_for(http::connect_websocket(fixture.clock(), nobody, "/", "shoal.test"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::unavailable);
  const auto other = connect(fixture);
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == ErrorKind::refused);
  CHECK(other.error().what.ends_with(" answers HTTP 404 and does not speak shoal.test"));
}

TEST_CASE("whoever closes with a cause tells it to the other side, in printable characters and not too long") {
  const std::string cause = "peer address n\xFF.example.com: not an IP address" + std::string(200, '.');
  ServerFixture fixture([cause](Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade("shoal.test");
    SHOAL_CHECK(socket);
    (*socket)->close(cause);
    const auto end = co_await (*socket)->receive();
    SHOAL_CHECK(!end);
  });
  auto socket = connect(fixture);
  REQUIRE(socket);
  const auto end = receive(fixture, **socket);
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::refused);
  CHECK(end.error().what.starts_with("peer address n?.example.com: not an IP address..."));
  CHECK(end.error().what.size() == 123);
  destroy(fixture, socket);
}

TEST_CASE("a server that never answers the handshake is given up 5 s after the connection was begun") {
  const ScriptedServer silent("", Afterwards::stay_silent);
  Loop loop;
  WatchedClock clock(loop);
  std::optional<Connected> connected;
  const auto connecting = [](Clock& by, std::string url, std::optional<Connected>& outcome) -> Task<void> {
    outcome = co_await http::connect_websocket(by, std::move(url), "/", "shoal.test");
  };
  spawn(loop, connecting(clock, "http://127.0.0.1:" + std::to_string(silent.port()), connected));
  REQUIRE(clock.until([&] { return clock.waits.size() == 2; }));  // for the connection, for the handshake
  clock.pass(Milliseconds(4'999));
  CHECK_FALSE(connected);
  clock.pass(Milliseconds(1));
  REQUIRE(connected);
  REQUIRE_FALSE(*connected);
  CHECK(connected->error().kind == ErrorKind::unavailable);
  CHECK_THAT(connected->error().what, Catch::Contains("does not answer"));
}

TEST_CASE("a server that goes ends its WebSockets") {
  ServerFixture fixture(echo_messages);
  auto socket = connect(fixture);
  REQUIRE(socket);
  fixture.stop_server();
  CHECK_FALSE(receive(fixture, **socket));
  destroy(fixture, socket);
}

TEST_CASE("both ends of a WebSocket may be destroyed while messages are being written") {
  ServerFixture fixture([](Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade("shoal.test");
    SHOAL_CHECK(socket);
    for (int i = 0; i < 3; ++i) (*socket)->send(Bytes(http::largest_message));
  });
  auto socket = connect(fixture);
  REQUIRE(socket);
  for (int i = 0; i < 3; ++i) send(fixture, **socket, Bytes(http::largest_message));
  destroy(fixture, socket);
}

TEST_CASE("a ping is answered by the other side by itself, and whatever comes is heard") {
  ServerFixture fixture([](Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade("shoal.test");
    SHOAL_CHECK(socket);
    const auto end = co_await (*socket)->receive();  // it sends nothing itself
    SHOAL_CHECK(!end);
  });
  auto socket = connect(fixture);
  REQUIRE(socket);
  WebSocket& open = **socket;
  auto receiving = std::async(std::launch::async, [&] { return receive(fixture, open); });
  const auto heard = [&] {
    std::uint64_t count = 0;
    fixture.loop().on_loop([&] { count = open.heard(); });
    return count;
  };
  for (std::uint64_t pings = 1; pings <= 3; ++pings) {
    fixture.loop().on_loop([&] { open.ping(); });
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (heard() < pings && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    CHECK(heard() == pings);
  }
  destroy(fixture, socket);
  CHECK_FALSE(receiving.get());
}
