// A server whose places are all taken: whom it closes for the clients outside, and that it leaves others alone.
#include "shared/http/crowd.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/doubles/watched_clock.hpp"
#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;
using http::Doing;

namespace {

constexpr std::size_t places = 4;
constexpr std::size_t body_bytes = 20 << 20;  // more than the buffers of a connection take

// Answers "/file" and "/text" with a body of 20 MiB, "/wait" never, and all else at once. The test moves its clock.
struct Crowded {
  explicit Crowded(std::size_t connections, std::string socket_file = {}) {
    options.listen = "127.0.0.1:0";
    options.connections = connections;
    options.socket_file = std::move(socket_file);
    options.on_closed_for_room = [this](Doing doing) { ++closed.at(static_cast<std::size_t>(doing)); };
    server = std::make_unique<http::Server>(http::Server::Parts{loop, clock, threads}, options, "test",
                                            [this](http::Exchange& exchange) { return answer(exchange); });
  }
  ~Crowded() {
    never.notify();
    server.reset();
    clock.pass(Milliseconds(0));
    threads.join();
  }

  Task<void> answer(http::Exchange& exchange) {
    const std::string path = exchange.request().path;
    ++asked;
    if (path == "/wait") co_await never.wait();
    http::Response response;
    if (path == "/file") {
      response.length = file.length;
      const auto started = co_await exchange.start(std::move(response));
      if (started) (void)co_await exchange.send(file);
      co_return;
    }
    response.body = path == "/text" ? std::string(body_bytes, 'x') : "here you are";
    co_await exchange.respond(std::move(response));
  }

  int port() const { return http::parse_host_port(server->address())->port; }
  std::size_t closed_as(Doing doing) const { return closed.at(static_cast<std::size_t>(doing)); }
  std::size_t all_closed() const { return closed[0] + closed[1] + closed[2]; }

  // Until the server waits for it to take more.
  void stalls(RawClient& client, const std::string& path) {
    clock.waits.clear();
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    is_stalled(path);
  }
  void is_stalled(const std::string& path) {
    const int waits = path == "/file" ? 2 : 1;  // with its head, and once the socket is full
    REQUIRE(clock.until([&] { return std::count(clock.waits.begin(), clock.waits.end(), options.stall_limit) == waits; }));
  }
  std::unique_ptr<RawClient> reader(const std::string& path) {
    auto client = std::make_unique<RawClient>(port(), 4096);
    stalls(*client, path);
    return client;
  }
  bool waits_for_room() { return clock.until_a_wait_of(Milliseconds(100)); }
  bool is_answered(RawClient& client) {
    std::string received;
    return clock.until([&] { return client.has_received(); }) && client.read_until(received, "here you are");
  }

  http::ServerOptions options;
  std::array<std::size_t, 3> closed{};
  int asked = 0;
  Loop loop;
  WatchedClock clock{loop};
  http::ServeThreads threads{clock, 1};
  http::FileSpan file = file_with(std::string(body_bytes, 'x'));
  Signal never{loop};
  std::unique_ptr<http::Server> server;
};

constexpr const char* get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

}  // namespace

TEST_CASE("readers that do not read give way, once all places are taken and after half a second") {
  Crowded crowded(places);
  std::vector<std::unique_ptr<RawClient>> readers;
  for (std::size_t i = 0; i < places; ++i) readers.push_back(crowded.reader(i % 2 == 0 ? "/file" : "/text"));
  RawClient honest(crowded.port());
  honest.send(get_a);
  REQUIRE(crowded.waits_for_room());
  CHECK(crowded.all_closed() == 0);
  crowded.clock.pass(http::least_stall);
  CHECK(crowded.is_answered(honest));
  CHECK(crowded.closed_as(Doing::stalled) == 1);
  CHECK(crowded.all_closed() == 1);
}

TEST_CASE("a client whose request has come while the loop did other things is not closed as a silent one") {
  Crowded crowded(1);
  RawClient first(crowded.port());
  REQUIRE(crowded.clock.until_a_wait_of(crowded.options.header_limit));
  RawClient second(crowded.port());
  first.send(get_a);
  crowded.clock.pass(http::least_silence);
  CHECK(crowded.is_answered(first));
  CHECK(crowded.all_closed() == 0);
}

TEST_CASE("while there is room, a reader may take as long as the stall limit says") {
  Crowded crowded(places + 1);
  std::vector<std::unique_ptr<RawClient>> readers;
  for (std::size_t i = 0; i < places; ++i) readers.push_back(crowded.reader("/file"));
  crowded.clock.pass(crowded.options.stall_limit - Milliseconds(1));
  RawClient honest(crowded.port());
  honest.send(get_a);
  CHECK(crowded.is_answered(honest));
  CHECK(crowded.all_closed() == 0);
}

TEST_CASE("many clients that do not read are each replaced, and one that waits for the server is not") {
  Crowded crowded(places);
  RawClient waiting(crowded.port());
  waiting.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(crowded.clock.until([&] { return crowded.asked == 1; }));
  std::vector<std::unique_ptr<RawClient>> readers;
  for (std::size_t i = 1; i < places; ++i) readers.push_back(crowded.reader("/file"));
  for (int round = 0; round < 6; ++round) {
    auto another = std::make_unique<RawClient>(crowded.port(), 4096);
    const int asked_before = crowded.asked;
    crowded.clock.waits.clear();
    another->send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int step = 0; step < 20 && crowded.asked == asked_before; ++step) {
      int turns = 0;
      static_cast<void>(crowded.clock.until([&] { return crowded.asked > asked_before || ++turns > 20; }));
      crowded.clock.pass(Milliseconds(100));
    }
    REQUIRE(crowded.asked == asked_before + 1);
    crowded.is_stalled("/file");
    readers.push_back(std::move(another));
  }
  CHECK(crowded.closed_as(Doing::stalled) == 6);
  CHECK(crowded.all_closed() == 6);
}

TEST_CASE("when all are being answered and no other user is there, a further client waits") {
  Crowded crowded(1);
  RawClient waiting(crowded.port());
  waiting.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(crowded.clock.until([&] { return crowded.asked == 1; }));
  RawClient honest(crowded.port());
  honest.send(get_a);
  REQUIRE(crowded.waits_for_room());
  for (int seconds = 0; seconds < 100; ++seconds) crowded.clock.pass(Milliseconds(1'000));
  CHECK(crowded.all_closed() == 0);
  crowded.never.notify();
  crowded.clock.pass(Milliseconds(0));  // the other has its answer, and is silent
  crowded.clock.pass(http::least_silence);
  CHECK(crowded.is_answered(honest));
}

TEST_CASE("clients of a socket file share the places, and give way in the same manner") {
  const std::string path = "/tmp/shoal-test-crowd-" + std::to_string(::getpid());
  Crowded crowded(2, path);
  RawClient first(path);
  crowded.stalls(first, "/file");
  RawClient second(path);
  crowded.stalls(second, "/text");
  RawClient honest(crowded.port());
  honest.send(get_a);
  REQUIRE(crowded.waits_for_room());
  crowded.clock.pass(http::least_stall);
  CHECK(crowded.is_answered(honest));
  CHECK(crowded.closed_as(Doing::stalled) == 1);
}
