#include "shared/http/server.hpp"

#include <catch2/catch.hpp>

#include "shared/core/check.hpp"
#include "shared/core/signal.hpp"
#include "tests/doubles/watched_clock.hpp"
#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;
using http::Exchange;

namespace {

Task<void> echo(Exchange& exchange) {
  http::Response response;
  response.headers = {{"Content-Type", "text/plain"}};
  response.body = exchange.request().method + " " + exchange.request().path + "?" + exchange.request().query;
  co_await exchange.respond(std::move(response));
}

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

// A server that echoes, with the limits of the programs, on a loop and a clock that the test moves.
struct TimedServer {
  int port() const { return http::parse_host_port(server.address())->port; }

  http::ServerOptions options{.listen = "127.0.0.1:0"};
  int answered = 0;
  Loop loop;
  WatchedClock clock{loop};
  http::ServeThreads threads{clock, 1};
  http::Server server{{loop, clock, threads}, options, "test", [this](Exchange& exchange) {
                        ++answered;
                        return echo(exchange);
                      }};
};

}  // namespace

TEST_CASE("a connection carries one request after another, errors included") {
  ServerFixture fixture([](Exchange& exchange) -> Task<void> {
    http::Response response{exchange.request().path == "/missing" ? 404U : 200U, {}, exchange.request().path, {}};
    co_await exchange.respond(response);
  });
  auto client = fixture.client();
  const auto missing = client.Get("/missing");
  REQUIRE(missing);
  CHECK(missing->status == 404);
  CHECK(missing->get_header_value("Connection") == "keep-alive");
  const auto found = client.Get("/found");
  REQUIRE(found);
  CHECK(found->body == "/found");
}

TEST_CASE("an exchange is counted from its request to its handler's end") {
  http::Server* server = nullptr;
  auto counted = std::make_shared<std::promise<std::size_t>>();
  ServerFixture fixture([&server, counted](Exchange&) -> Task<void> {
    counted->set_value(server->open_exchanges());
    co_return;
  });
  server = &fixture.server();
  std::size_t count = 1;
  fixture.loop().on_loop([&] { count = server->open_exchanges(); });
  CHECK(count == 0);
  RawClient client(fixture.port());
  client.send(get_a);
  CHECK(counted->get_future().get() == 1);
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::reset);
  fixture.loop().on_loop([&] { count = server->open_exchanges(); });
  CHECK(count == 0);
}

TEST_CASE("an answer to HEAD has the length and no byte of the body") {
  ServerFixture fixture(echo);
  RawClient client(fixture.port());
  client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  const std::size_t head_end = received.find("\r\n\r\n");
  REQUIRE(head_end != std::string::npos);
  CHECK(received.find("Content-Length: 10\r\n") < head_end);
  CHECK(received.compare(head_end + 4, 8, "HTTP/1.1") == 0);
}

TEST_CASE("pipelined requests are answered in order, each once") {
  ServerFixture fixture(echo);
  RawClient client(fixture.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(requests);
  client.send("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = received.find("GET /" + std::to_string(i) + "?", at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(received.find("GET /last?", at) != std::string::npos);
}

TEST_CASE("a write without a body is answered and the connection is kept") {
  ServerFixture fixture(echo);
  RawClient client(fixture.port());
  client.send("POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" + std::string(get_a));
  std::string received;
  CHECK(client.read_until(received, "GET /a?"));
  CHECK(received.find("POST /v2/a/blobs/uploads/?") != std::string::npos);
  CHECK(received.find("Connection: close") == std::string::npos);
}

TEST_CASE("a header split over many packets is one header") {
  ServerFixture fixture(echo);
  RawClient client(fixture.port());
  for (const char c : get_a) client.send({&c, 1});
  std::string received;
  CHECK(client.read_until(received, "GET /a?"));
}

TEST_CASE("one limit holds for a whole header, however often a byte of it comes; then it is closed without an answer") {
  TimedServer timed;
  RawClient client(timed.port());
  client.send("GET /a HTTP/1.1\r\n");
  REQUIRE(timed.clock.until([&] { return timed.clock.waits.size() == 2; }));  // for its first byte, for the whole
  timed.clock.pass(timed.options.header_limit - Milliseconds(1));
  client.send("Ho");
  REQUIRE(timed.clock.until_a_wait_of(Milliseconds(1)));
  timed.clock.pass(Milliseconds(1));
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  CHECK(received.empty());
}

TEST_CASE("an idle connection is closed after its limit") {
  TimedServer timed;
  RawClient client(timed.port());
  client.send(get_a);
  REQUIRE(timed.clock.until_a_wait_of(timed.options.idle_limit));
  timed.clock.pass(timed.options.idle_limit - Milliseconds(1));
  client.send(get_a);
  REQUIRE(timed.clock.until([&] { return timed.answered == 2; }));
  REQUIRE(timed.clock.until_a_wait_of(timed.options.idle_limit));
  timed.clock.pass(timed.options.idle_limit);
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  CHECK(received.find("GET /a?") != std::string::npos);
}

TEST_CASE("a connection that has not asked for anything is closed after the limit for a header") {
  TimedServer timed;
  RawClient client(timed.port());
  REQUIRE(timed.clock.until_a_wait_of(timed.options.header_limit));
  timed.clock.pass(timed.options.header_limit);
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::clean);
}

TEST_CASE("when there are as many connections as may be, the one that has been silent longest gives way") {
  http::ServerOptions options;
  options.connections = 2;
  ServerFixture fixture(echo, options);
  RawClient silent(fixture.port());
  RawClient slow(fixture.port());
  slow.send("GET /a HTTP/1.1\r\nHo");
  RawClient honest(fixture.port());
  honest.send(get_a);
  std::string received;
  CHECK(honest.read_until(received, "GET /a?"));
  std::string nothing;
  CHECK(silent.read_to_end(nothing) == RawClient::End::reset);
  slow.send("st: h\r\n\r\n");
  received.clear();
  CHECK(slow.read_until(received, "GET /a?"));
}

TEST_CASE("a connection that has just come gives way to no other one") {
  http::ServerOptions options;
  options.connections = 1;
  ServerFixture fixture(echo, options);
  for (int round = 0; round < 5; ++round) {
    RawClient first(fixture.port());
    RawClient second(fixture.port());  // in the backlog, while the first one has no request yet
    for (int turn = 0; turn < 20; ++turn) fixture.loop().on_loop([] {});
    first.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    second.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for (RawClient* client : {&first, &second}) {
      std::string received;
      CHECK(client->read_until(received, "GET /a?"));
    }
  }
}

TEST_CASE("nobody gives way while being answered: further connections wait") {
  Signal* signal = nullptr;
  bool released = false;
  const auto begun = std::make_shared<std::promise<void>>();
  http::ServerOptions options;
  options.connections = 1;
  ServerFixture fixture(
      [&, begun](Exchange& exchange) -> Task<void> {
        if (exchange.request().path == "/slow") {
          begun->set_value();
          while (!released) co_await signal->wait();
        }
        co_await echo(exchange);
      },
      options);
  Signal on_release(fixture.loop().loop());
  signal = &on_release;
  RawClient slow(fixture.port());
  slow.send("GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  begun->get_future().wait();
  RawClient waiting(fixture.port());
  waiting.send(get_a);
  fixture.loop().on_loop([&] {
    released = true;
    signal->notify();
  });
  std::string received;
  CHECK(slow.read_until(received, "GET /slow?"));
  received.clear();
  CHECK(waiting.read_until(received, "GET /a?"));
}

TEST_CASE("a server that is closed at first has its address, and refuses clients until it starts to listen") {
  ServerFixture fixture(echo, {.listen = {}, .is_closed_at_first = true});
  CHECK_FALSE(RawClient(fixture.port()).connected());
  fixture.loop().on_loop([&] { CHECK(fixture.server().start_listening()); });
  CHECK(fixture.client().Get("/"));
}

TEST_CASE("a server that stops listening refuses new clients and ends connections that ask for nothing") {
  ServerFixture fixture(echo);
  RawClient client(fixture.port());
  client.send(get_a);
  std::string received;
  REQUIRE(client.read_until(received, "GET /a?"));
  fixture.loop().on_loop([&] { fixture.server().stop_listening(); });
  CHECK_FALSE(RawClient(fixture.port()).connected());
  received.clear();
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  CHECK(received.empty());
}

TEST_CASE("a request that has begun when the server stops listening is answered, and the last of its connection") {
  ServerFixture fixture(echo);
  RawClient client(fixture.port());
  client.send(std::string(get_a) + "GET /b HTTP/1.1\r\n");
  std::string received;
  REQUIRE(client.read_until(received, "GET /a?"));
  fixture.loop().on_loop([&] { fixture.server().stop_listening(); });
  client.send("Host: h\r\n\r\n");
  received.clear();
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  CHECK(received.find("GET /b?") != std::string::npos);
  CHECK(received.find("Connection: close") != std::string::npos);
}

TEST_CASE("a handler that answers nothing resets the connection") {
  ServerFixture fixture([](Exchange&) -> Task<void> { co_return; });
  RawClient client(fixture.port());
  client.send(get_a);
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::reset);
}

TEST_CASE("a taken port, a name or a word without port is said in one line") {
  LoopThread loop;
  SystemClock clock;
  http::ServeThreads threads(clock, 1);
  const http::Server::Parts parts{loop.loop(), clock, threads};
  http::ServerOptions options;
  options.listen = "127.0.0.1:0";
  http::Server first(parts, options, "first", echo);
  options.listen = first.address();
  CHECK_THROWS_WITH(http::Server(parts, options, "registry", echo),
                    Catch::StartsWith("registry: cannot listen on " + first.address()) && !Catch::Contains("\n"));
  options.listen = "localhost:0";
  CHECK_THROWS_WITH(http::Server(parts, options, "registry", echo),
                    Catch::Contains("not an IP address"));
  options.listen = "7070";
  CHECK_THROWS_WITH(http::Server(parts, options, "registry", echo), Catch::Contains("127.0.0.1:7070"));
  loop.stop();
}

TEST_CASE("a server may go while clients wait and handlers are suspended, whether the loop runs on or not") {
  for (const bool loop_runs_on : {true, false}) {
    auto never = std::make_shared<std::unique_ptr<Signal>>();
    auto waiting = std::make_shared<std::promise<void>>();
    ServerFixture fixture([never, waiting](Exchange& exchange) -> Task<void> {
      http::Response head;
      head.length = 5;
      const auto started = co_await exchange.start(head);
      SHOAL_CHECK(started);
      waiting->set_value();
      co_await (*never)->wait();
      const http::FileSpan span = file_with("12345");
      const auto sent = co_await exchange.send(span);
      SHOAL_CHECK(!sent);
    });
    fixture.loop().on_loop([&] { *never = std::make_unique<Signal>(fixture.loop().loop()); });
    RawClient idle(fixture.port());
    RawClient busy(fixture.port());
    busy.send(get_a);
    std::string received;
    REQUIRE(busy.read_until(received, "\r\n\r\n"));
    waiting->get_future().wait();
    if (loop_runs_on) {
      fixture.stop_server();
      fixture.loop().on_loop([&] { (*never)->notify(); });
      CHECK(busy.read_to_end(received) == RawClient::End::reset);
      fixture.loop().on_loop([] {});
    } else {
      fixture.stop_loop_then_server();
    }
  }
}

TEST_CASE("a server ends right at whatever step a new connection is") {
  for (int steps = 0; steps < 12; ++steps) {
    ProgramLoop loop;
    SystemClock clock;
    http::ServeThreads threads(clock, 1);
    http::ServerOptions options;
    options.listen = "127.0.0.1:0";
    http::Server server({loop, clock, threads}, options, "server", echo);
    RawClient client(http::parse_host_port(server.address())->port);
    for (int step = 0; step < steps; ++step) loop.poll_one();
    loop.destroy_tasks();
  }
}
