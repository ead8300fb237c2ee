// Bodies by sendfile: whole, in stretches, to clients that do not read, and cut.
#include <catch2/catch.hpp>

#include "shared/core/check.hpp"
#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;
using http::Exchange;

namespace {

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

http::Response head_of(std::uint64_t length) {
  http::Response head;
  head.headers = {{"Content-Type", "application/octet-stream"}};
  head.length = length;
  return head;
}

// Answers with `promised` bytes, of which it sends `sent` of `file`'s.
http::Handler sender(http::FileSpan file, std::uint64_t promised, std::uint64_t sent) {
  return [=](Exchange& exchange) -> Task<void> {
    const auto started = co_await exchange.start(head_of(promised));
    if (!started) co_return;
    http::FileSpan span = file;
    span.length = sent;
    const auto done = co_await exchange.send(span);
    (void)done;
  };
}

}  // namespace

TEST_CASE("a body of 20 MiB leaves by sendfile unchanged, to several clients at once") {
  const std::string content = patterned(20 << 20);
  const auto file = file_with(content);
  ServerFixture fixture(sender(file, content.size(), content.size()));
  std::vector<std::thread> threads;
  std::atomic<int> same = 0;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      auto client = fixture.client();
      const auto answer = client.Get("/a");
      if (answer && answer->status == 200 && answer->body == content) ++same;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(same == 3);
}

TEST_CASE("stretches of a file are sent in the order given, then the next request is answered") {
  const std::string content = patterned(300'000);
  const auto file = file_with(content);
  ServerFixture fixture([file](Exchange& exchange) -> Task<void> {
    const auto started = co_await exchange.start(head_of(250'000));
    if (!started) co_return;
    for (const std::uint64_t offset : {50'000U, 100'000U, 150'000U, 200'000U, 250'000U}) {
      http::FileSpan span = file;
      span.offset = offset;
      span.length = 50'000;
      const auto sent = co_await exchange.send(span);
      if (!sent) co_return;
    }
  });
  auto client = fixture.client();
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.Get("/a");
    REQUIRE(answer);
    CHECK(answer->body == content.substr(50'000));
  }
}

TEST_CASE("HEAD sends no byte of a file") {
  const auto file = file_with("12345");
  ServerFixture fixture(sender(file, 5, 5));
  RawClient client(fixture.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::clean);
  CHECK(received.ends_with("\r\n\r\n"));
  CHECK(received.find("Content-Length: 5\r\n") != std::string::npos);
}

TEST_CASE("a handler that breaks off resets the connection, never ends it cleanly") {
  const auto file = file_with(std::string(100'000, 'x'));
  ServerFixture fixture(sender(file, 100'000, 60'000));
  RawClient client(fixture.port());
  client.send(get_a);
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::reset);
}

TEST_CASE("a file that is shorter than promised resets the connection") {
  auto file = file_with(std::string(100'000, 'x'));
  file.length = 200'000;
  ServerFixture fixture(sender(file, 200'000, 200'000));
  RawClient client(fixture.port());
  client.send(get_a);
  std::string received;
  CHECK(client.read_to_end(received) == RawClient::End::reset);
}

TEST_CASE("clients that do not read hold neither a thread nor anybody else") {
  const std::string content = patterned(20 << 20);
  const auto file = file_with(content);
  ServerFixture fixture(sender(file, content.size(), content.size()));
  std::vector<std::unique_ptr<RawClient>> stalled;
  for (int i = 0; i < 8; ++i) {  // more than there are serve threads
    stalled.push_back(std::make_unique<RawClient>(fixture.port(), 4096));
    stalled.back()->send(get_a);
    std::string head;
    REQUIRE(stalled.back()->read_until(head, "\r\n\r\n"));
  }
  auto client = fixture.client();
  const auto answer = client.Get("/a");
  REQUIRE(answer);
  CHECK(answer->body == content);
}

TEST_CASE("a client that reads nothing for the stall limit is cut, and one that goes is a normal event") {
  auto result = std::make_shared<std::promise<ErrorKind>>();
  const auto file = file_with(patterned(20 << 20));
  http::ServerOptions options;
  options.stall_limit = Milliseconds(30);
  ServerFixture fixture(
      [file, result](Exchange& exchange) -> Task<void> {
        const auto started = co_await exchange.start(head_of(file.length));
        (void)started;  // it may be gone already: `send` says so too
        const auto sent = co_await exchange.send(file);
        SHOAL_CHECK(!sent);
        result->set_value(sent.error().kind);
      },
      options);
  const bool goes = GENERATE(false, true);
  auto client = std::make_unique<RawClient>(fixture.port(), 4096);
  client->send(get_a);
  if (goes) client.reset();
  CHECK(result->get_future().get() == ErrorKind::unavailable);
}

TEST_CASE("a server may go while a body is being sent") {
  const auto file = file_with(patterned(20 << 20));
  for (const bool loop_runs_on : {true, false}) {
    ServerFixture fixture(sender(file, file.length, file.length));
    RawClient client(fixture.port(), 4096);
    client.send(get_a);
    std::string received;
    REQUIRE(client.read_until(received, "\r\n\r\n"));
    if (loop_runs_on) {
      fixture.stop_server();
      CHECK(client.read_to_end(received) == RawClient::End::reset);
      CHECK(received.size() < file.length);
    } else {
      fixture.stop_loop_then_server();
    }
  }
}

namespace {

// Answers with these parts as an open-ended body, and with its end unless it breaks off.
http::Handler open_ended(std::vector<std::string> parts, bool has_end = true) {
  return [=](Exchange& exchange) -> Task<void> {
    http::Response head;
    head.is_open_ended = true;
    auto sent = co_await exchange.start(head);
    for (const std::string& part : parts) {
      Bytes bytes = copy_of(bytes_of(part));
      if (sent) sent = co_await exchange.send(std::move(bytes));
    }
    Bytes end;
    if (sent && has_end) sent = co_await exchange.send(std::move(end));
  };
}

}  // namespace

TEST_CASE("a body of a length that is not known goes out in chunks, and the connection goes on") {
  const std::string long_part = patterned(300'000);
  ServerFixture fixture(open_ended({"a", long_part, "b"}));
  auto client = fixture.client();
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.Get("/a");
    REQUIRE(answer);
    CHECK(answer->body == "a" + long_part + "b");
    CHECK(answer->get_header_value("Transfer-Encoding") == "chunked");
    CHECK_FALSE(answer->has_header("Content-Length"));
  }
  const auto head = client.Head("/a");
  REQUIRE(head);
  CHECK(head->body.empty());
  RawClient raw(fixture.port());
  raw.send(std::string(get_a) + "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string received;
  CHECK(raw.read_to_end(received) == RawClient::End::clean);
  const std::string body = "\r\n\r\n1\r\na\r\n493e0\r\n" + long_part + "\r\n1\r\nb\r\n0\r\n\r\n";
  const std::size_t first = received.find(body);
  REQUIRE(first != std::string::npos);
  CHECK(received.substr(first + body.size()).starts_with("HTTP/1.1 200"));
  CHECK(received.ends_with(body));
}

TEST_CASE("an open-ended body without a byte is a whole one") {
  ServerFixture fixture(open_ended({}));
  auto client = fixture.client();
  const auto answer = client.Get("/a");
  REQUIRE(answer);
  CHECK(answer->body.empty());
}

TEST_CASE("a client of HTTP/1.0 gets an open-ended body until its connection ends") {
  ServerFixture fixture(open_ended({"a", "bc"}));
  RawClient raw(fixture.port());
  raw.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  std::string received;
  CHECK(raw.read_to_end(received) == RawClient::End::clean);
  CHECK(received.ends_with("Connection: close\r\n\r\nabc"));
  CHECK(received.find("chunked") == std::string::npos);
}

TEST_CASE("an open-ended body that breaks off is never ended cleanly") {
  for (const char* version : {"1.0", "1.1"}) {
    ServerFixture fixture(open_ended({"abc"}, false));
    RawClient raw(fixture.port());
    raw.send("GET /a HTTP/" + std::string(version) + "\r\nHost: h\r\n\r\n");
    std::string received;
    CHECK(raw.read_to_end(received) == RawClient::End::reset);
    CHECK(received.find("0\r\n\r\n") == std::string::npos);
  }
}
