// Connections that carry more than one request, and those that must not.
#include "shared/http/kept_connections.hpp"

#include <catch2/catch.hpp>
#include <mutex>

#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/loop_thread.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

// The status and the bytes of the body, of which at most `most` are read.
Task<Result<std::string>> fetch(Clock& clock, http::ClientRequest request, std::size_t most) {
  const auto response = co_await http::request(clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  std::string read = std::to_string((*response)->status()) + " ";
  while (read.size() < most) {
    const auto part = co_await (*response)->next();
    if (!part) co_return tl::unexpected(part.error());
    if (part->empty()) break;
    read += text_of(*part);
  }
  co_return read;
}

class Requests {
 public:
  ~Requests() {
    loop_.on_loop([&] { kept_.reset(); });  // whose connections' timers run there
  }
  Result<std::string> get(const std::string& url, std::size_t most = 1'000'000) {
    http::ClientRequest request;
    request.url = http::parse_url(url).value();
    request.kept = kept_;
    return loop_.wait_for(fetch(clock_, std::move(request), most));
  }
  void pass(Milliseconds time) {
    loop_.on_loop([&] { clock_.advance(time); });
    loop_.on_loop([] {});  // what that has woken has run
  }

 private:
  LoopThread loop_;
  ManualClock clock_{loop_.loop()};
  std::shared_ptr<http::KeptConnections> kept_ = std::make_shared<http::KeptConnections>();
};

// Answers with the port that the client asks from: one for each connection.
class Origin {
 public:
  explicit Origin(std::size_t requests_of_a_connection) {
    http_.routes().Get("/port", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(std::to_string(request.remote_port), "a/b");
    });
    http_.routes().Get("/large", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(3'000'000, 'x'), "a/b");
    });
    http_.start(requests_of_a_connection);
  }
  std::string url(const std::string& path) const { return http_.url(path); }

 private:
  HttpOrigin http_;
};

}  // namespace

TEST_CASE("requests one after the other come over one connection, and another server's over another") {
  const Origin origin(10);
  const Origin other(10);
  Requests requests;
  const auto first = requests.get(origin.url("/port"));
  REQUIRE(first);
  CHECK(requests.get(other.url("/port")).value() != *first);
  CHECK(requests.get(origin.url("/port")).value() == *first);
}

TEST_CASE("a connection is not kept when the server will close it, or when the answer was not read to its end") {
  Requests requests;
  const Origin closing(1);
  const auto first = requests.get(closing.url("/port"));
  REQUIRE(first);
  CHECK(requests.get(closing.url("/port")).value() != *first);

  const Origin origin(10);
  const auto before = requests.get(origin.url("/port"));
  REQUIRE(requests.get(origin.url("/large"), 1));
  CHECK(requests.get(origin.url("/port")).value() != before.value());
}

TEST_CASE("a connection rests ten seconds at most") {
  const Origin origin(10);
  Requests requests;
  const auto first = requests.get(origin.url("/port"));
  requests.pass(Milliseconds(9'999));
  CHECK(requests.get(origin.url("/port")).value() == first.value());
  requests.pass(Milliseconds(10'000));
  CHECK(requests.get(origin.url("/port")).value() != first.value());
}

TEST_CASE("a request over a connection that the server has closed meanwhile is sent again over a new one") {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", Afterwards::close);
  Requests requests;
  for (int i = 0; i < 3; ++i) CHECK(requests.get(server.url()).value() == "200 ab");
}

TEST_CASE("what a server sends behind its answer is no answer to the next request") {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy",
                        Afterwards::stay_silent);
  Requests requests;
  for (int i = 0; i < 2; ++i) CHECK(requests.get(server.url()).value() == "200 ab");
}
