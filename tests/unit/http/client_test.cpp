#include "shared/http/client.hpp"

#include <catch2/catch.hpp>

#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/loop_thread.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/doubles/watched_clock.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

struct Answer {
  unsigned status = 0;
  http::Headers headers;
  std::optional<std::uint64_t> length;
  Result<Bytes> body;
};

Task<Result<Answer>> fetch(Clock& clock, http::ClientRequest request) {
  const auto response = co_await http::request(clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  Answer answer{(*response)->status(), (*response)->headers(), (*response)->content_length(), {}};
  answer.body = co_await http::read_all(**response, 64_MiB);
  co_return answer;
}

http::ClientRequest get(const std::string& url) {
  http::ClientRequest request;
  request.url = http::parse_url(url).value();
  return request;
}

Result<Answer> fetch_now(http::ClientRequest request) {
  SystemClock clock;
  LoopThread loop;
  return loop.wait_for(fetch(clock, std::move(request)));
}

Result<Answer> fetch_from(const std::string& url, http::ClientLimits limits = {}) {
  auto request = get(url);
  request.limits = limits;
  return fetch_now(std::move(request));
}

Result<Answer> fetch_scripted(const std::string& answer, Afterwards afterwards = Afterwards::close,
                              http::ClientLimits limits = {}) {
  ScriptedServer server(answer, afterwards);
  return fetch_from(server.url(), limits);
}

// A fetch from a server with that answer, on a loop and a clock that the test moves.
struct TimedFetch {
  explicit TimedFetch(const std::string& answer, Afterwards afterwards, http::ClientLimits limits = {})
      : server(answer, afterwards) {
    auto request = get(server.url());
    request.limits = limits;
    spawn(loop, note(clock, std::move(request), got));
  }
  static Task<void> note(Clock& clock, http::ClientRequest request, std::optional<Result<Answer>>& got) {
    got = co_await fetch(clock, std::move(request));
  }
  // It ends when so much has passed, not sooner.
  void must_last(Milliseconds time) {
    clock.pass(time - Milliseconds(1));
    CHECK_FALSE(got);
    clock.pass(Milliseconds(1));
    REQUIRE(got);
  }

  ScriptedServer server;
  std::optional<Result<Answer>> got;
  Loop loop;
  WatchedClock clock{loop};
};

constexpr const char* a_third_of_a_body = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123";

}  // namespace

TEST_CASE("a body with a length, a chunked one and one that ends with the connection arrive whole") {
  const std::string content = patterned(3'000'000);
  HttpOrigin origin;
  origin.routes().Get("/length", [&](const auto&, auto& response) { response.set_content(content, "a/b"); });
  origin.routes().Get("/chunked", [&](const auto&, auto& response) {
    response.set_chunked_content_provider("a/b", [&](std::size_t offset, httplib::DataSink& sink) {
      const std::size_t size = std::min<std::size_t>(100'003, content.size() - offset);
      sink.write(content.data() + offset, size);
      if (offset + size == content.size()) sink.done();
      return true;
    });
  });
  origin.start();
  const auto with_length = fetch_from(origin.url("/length"));
  REQUIRE(with_length);
  CHECK(with_length->status == 200);
  CHECK(http::find_header(with_length->headers, "content-type") == "a/b");
  CHECK(with_length->length == content.size());
  CHECK(text_of(with_length->body.value()) == content);
  const auto chunked = fetch_from(origin.url("/chunked"));
  REQUIRE(chunked);
  CHECK_FALSE(chunked->length);
  CHECK(text_of(chunked->body.value()) == content);
  const auto until_end = fetch_scripted("HTTP/1.1 200 OK\r\n\r\n" + content);
  REQUIRE(until_end);
  CHECK(text_of(until_end->body.value()) == content);
}

TEST_CASE("a request says what it asks for, from whom and as whom") {
  ScriptedServer server("HTTP/1.1 204 No Content\r\n\r\n", Afterwards::close);
  auto request = get(server.url("/v2/a?n=5"));
  request.headers = {{"Accept", "x/y"}};
  const auto answer = fetch_now(request);
  REQUIRE(answer);
  CHECK(answer->body->empty());
  const std::string sent = server.last_request();
  CHECK(sent.starts_with("GET /v2/a?n=5 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  CHECK(sent.find("\r\nUser-Agent: shoal/") != std::string::npos);
  CHECK(sent.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(sent.find("\r\nAccept: x/y\r\n") != std::string::npos);
  CHECK(sent.find("\r\nAccept-Encoding: identity\r\n") != std::string::npos);
}

TEST_CASE("a caller that takes a compressed answer says so itself") {
  ScriptedServer server("HTTP/1.1 204 No Content\r\n\r\n", Afterwards::close);
  auto request = get(server.url());
  request.headers = {{"accept-encoding", "gzip"}};
  REQUIRE(fetch_now(request));
  CHECK(server.last_request().find("\r\naccept-encoding: gzip\r\n") != std::string::npos);
  CHECK(server.last_request().find("identity") == std::string::npos);
}

TEST_CASE("answers as old and careless servers send them arrive whole") {
  std::string many;
  for (int i = 0; i < 900; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  for (const std::string& answer :
       {std::string("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n12345"), std::string("HTTP/1.0 200 OK\r\n\r\n12345"),
        std::string("HTTP/1.1 200 OK\nContent-Length: 5\n\n12345"),
        std::string("HTTP/1.1 200 OK\r\nA B: c\r\nno colon\r\nContent-Length : 5\r\n\r\n12345"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n12345"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 100 Continue\n\nHTTP/1.1 200\n\n12345"),
        "HTTP/1.1 200 OK\r\n" + many + "\r\n12345",
        "HTTP/1.1 200 OK\r\nX: " + std::string(60'000, 'x') + "\r\n\r\n12345"}) {
    INFO(answer.substr(0, 80));
    const auto got = fetch_scripted(answer);
    REQUIRE(got);
    CHECK(got->status == 200);
    CHECK(text_of(got->body.value()) == "12345");
  }
}

TEST_CASE("an answer to HEAD has its length and no body") {
  HttpOrigin origin;
  origin.routes().Get("/a", [&](const auto&, auto& response) { response.set_content("12345", "a/b"); });
  origin.start();
  auto request = get(origin.url("/a"));
  request.method = "HEAD";
  const auto answer = fetch_now(request);
  REQUIRE(answer);
  CHECK(answer->length == 5U);
  CHECK(answer->body->empty());
}

TEST_CASE("interim answers are passed over, but not without end") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const std::string last = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
  const auto answer = fetch_scripted(interim + interim + last);
  REQUIRE(answer);
  CHECK(answer->status == 404);
  CHECK(text_of(answer->body.value()) == "no");
  std::string many;
  for (int i = 0; i < 20; ++i) many += interim;
  CHECK_FALSE(fetch_scripted(many + last));
}

TEST_CASE("a body that ends early is unavailable, never a shorter body") {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345"}) {
    INFO(answer);
    const auto got = fetch_scripted(answer);
    REQUIRE(got);
    REQUIRE_FALSE(got->body);
    CHECK(got->body.error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("answers that are no HTTP, too long or ambiguous are unavailable") {
  for (const std::string& answer :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Le"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
        std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n")}) {
    INFO(answer.substr(0, 80));
    const auto got = fetch_scripted(answer);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("malformed chunks are unavailable") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body :
       {std::string("zz\r\n"), std::string("5\r\n1234567\r\n0\r\n\r\n"), std::string(300'000, '1')}) {
    const auto got = fetch_scripted(head + body);
    REQUIRE(got);
    CHECK_FALSE(got->body);
  }
}

TEST_CASE("a server that is silent before or in its head is given up at the limit for a head") {
  for (const std::string begun : {"", "HTTP/1.1 200 OK\r\nConte"}) {
    TimedFetch timed(begun, Afterwards::stay_silent);
    const std::size_t waits = begun.empty() ? 3 : 4;  // to connect, to write, for the head, for the rest of it
    REQUIRE(timed.clock.until([&] { return timed.clock.waits.size() == waits; }));
    timed.must_last(http::ClientLimits().headers);
    REQUIRE_FALSE(*timed.got);
    CHECK(timed.got->error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("a server that is silent in its body is given up at the limit for silence") {
  const Milliseconds silence = http::ClientLimits().silence;
  TimedFetch timed(a_third_of_a_body, Afterwards::stay_silent);
  REQUIRE(timed.clock.until_a_wait_of(silence));
  timed.must_last(silence);
  REQUIRE(*timed.got);
  REQUIRE_FALSE((*timed.got)->body);
  CHECK((*timed.got)->body.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a body that takes longer than all of it may is given up, though it is not silent for long") {
  http::ClientLimits limits;
  limits.whole = Milliseconds(15'000);
  TimedFetch timed(a_third_of_a_body, Afterwards::stay_silent, limits);
  REQUIRE(timed.clock.until_a_wait_of(limits.whole));
  timed.must_last(limits.whole);
  REQUIRE(*timed.got);
  REQUIRE_FALSE((*timed.got)->body);
  CHECK((*timed.got)->body.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a body that only trickles is given up, though it is never silent for long") {
  TimedFetch timed("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", Afterwards::trickle);
  REQUIRE(timed.clock.until_a_wait_of(http::ClientLimits().silence));
  while (!timed.got) {
    const std::size_t begun = timed.clock.waits.size();
    timed.clock.pass(Milliseconds(3'000));
    REQUIRE(timed.clock.until([&] { return timed.got || timed.clock.waits.size() > begun; }));
  }
  REQUIRE(*timed.got);
  REQUIRE_FALSE((*timed.got)->body);
  CHECK((*timed.got)->body.error().kind == ErrorKind::unavailable);
  CHECK((*timed.got)->body.error().what.find("slower than its limit") != std::string::npos);
  CHECK(timed.clock.now() - Time{} <= Milliseconds(24'000));  // no more than a wait over the limit
}

TEST_CASE("a slow body that brings enough in its time is read to its end") {
  http::ClientLimits limits;
  limits.trickle = Milliseconds(1);
  limits.least = {1};
  const auto got = fetch_scripted("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", Afterwards::trickle, limits);
  REQUIRE(got);
  CHECK(text_of(got->body.value()) == std::string(20, 'x'));
}

TEST_CASE("a body that is whole is not given up for how slowly its last bytes came") {
  http::ClientLimits limits;
  limits.trickle = Milliseconds(1);
  const auto got = fetch_scripted("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", Afterwards::trickle, limits);
  REQUIRE(got);
  CHECK(text_of(got->body.value()) == "x");
}

namespace {

using Opened = std::unique_ptr<http::ClientResponse>;

Task<void> read_first(Clock& clock, http::ClientRequest request, Opened& response, Bytes& body) {
  auto opened = co_await http::request(clock, std::move(request));
  REQUIRE(opened);
  const auto first = co_await (*opened)->next();
  REQUIRE(first);
  body = copy_of(*first);
  response = std::move(*opened);
}

Task<void> read_rest(http::ClientResponse& response, std::optional<Result<Bytes>>& rest) {
  rest = co_await http::read_all(response, 1_MiB);
}

}  // namespace

TEST_CASE("a reader may pause for as long as it likes: only what it waits for is too slow") {
  const ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1", Afterwards::trickle);
  Loop loop;
  WatchedClock clock(loop);
  Opened response;
  Bytes body;
  spawn(loop, read_first(clock, get(server.url()), response, body));
  REQUIRE(clock.until([&] { return response && server.trickled() >= 9; }));
  clock.pass(std::chrono::hours(1));
  std::optional<Result<Bytes>> rest;
  spawn(loop, read_rest(*response, rest));
  REQUIRE(clock.until([&] { return rest.has_value(); }));
  REQUIRE(*rest);
  body.insert(body.end(), (*rest)->begin(), (*rest)->end());
  CHECK(text_of(body) == "1xxxxxxxxx");
}

TEST_CASE("a body longer than its reader allows is refused") {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890", Afterwards::close);
  SystemClock clock;
  LoopThread loop;
  const auto read = [](Clock& by, http::ClientRequest request) -> Task<Result<Bytes>> {
    const auto response = co_await http::request(by, std::move(request));
    if (!response) co_return tl::unexpected(response.error());
    auto body = co_await http::read_all(**response, ByteCount{9});
    co_return body;
  };
  const auto body = loop.wait_for(read(clock, get(server.url())));
  REQUIRE_FALSE(body);
  CHECK(body.error().kind == ErrorKind::refused);
}

TEST_CASE("a header that would end its line never leaves") {
  auto request = get("http://127.0.0.1:1/");
  request.headers = {{"Accept", "a\r\nX-Injected: b"}};
  const auto answer = fetch_now(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::refused);
}

TEST_CASE("names are resolved, and neither an unknown name nor a closed port is more than unavailable") {
  ScriptedServer server("HTTP/1.1 204 No Content\r\n\r\n", Afterwards::close);
  CHECK(fetch_from("http://localhost:" + std::to_string(server.port()) + "/"));
  const auto closed = fetch_from("http://127.0.0.1:1/");
  REQUIRE_FALSE(closed);
  CHECK(closed.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a response may be dropped before its end, and a loop destroyed under a waiting client") {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n123", Afterwards::stay_silent);
  SystemClock clock;
  LoopThread loop;
  const auto open = [](Clock& by, http::ClientRequest request) -> Task<bool> {
    const auto response = co_await http::request(by, std::move(request));
    co_return response.has_value();
  };
  CHECK(loop.wait_for(open(clock, get(server.url()))));
  const auto hang = [](Clock& by, http::ClientRequest request) -> Task<void> {
    const auto answer = co_await fetch(by, std::move(request));
    (void)answer;
  };
  spawn(loop.loop(), hang(clock, get(server.url())));
  CHECK(loop.wait_for(open(clock, get(server.url()))));
}
