// What is one request and what is none: the corpus of ambiguous and malformed heads, over real connections.
#include <catch2/catch.hpp>

#include "shared/http/head.hpp"
#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;
using http::Exchange;

namespace {

// Answers with the number of requests that reached it.
http::Handler counter(std::shared_ptr<std::atomic<int>> count) {
  return [count](Exchange& exchange) -> Task<void> {
    http::Response response;
    response.body = std::to_string(++*count);
    co_await exchange.respond(response);
  };
}

}  // namespace

TEST_CASE("a request that could be read in two ways gets 400 and no second chance") {
  const auto count = std::make_shared<std::atomic<int>>(0);
  ServerFixture fixture(counter(count));
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string size = std::to_string(smuggled.size());
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::vector<std::string> heads{
      get + "Content-Length: " + size + "\r\n\r\n",
      get + "Transfer-Encoding: chunked\r\n\r\n",
      get + "Content-Length: " + size + "\r\nTransfer-Encoding: chunked\r\n\r\n",
      get + "Transfer-Encoding: chunked\r\nContent-Length: " + size + "\r\n\r\n",
      get + "Transfer-Encoding: identity\r\n\r\n",
      get + "Transfer-Encoding: xchunked\r\n\r\n",
      get + "transfer-encoding:\tchunked\r\n\r\n",
      get + "Transfer-Encoding: chunked, identity\r\n\r\n",
      get + "Content-Length: 0\r\nContent-Length: " + size + "\r\n\r\n",
      get + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
      get + "Content-Length: 0, 0\r\n\r\n",
      get + "Content-Length: +" + size + "\r\n\r\n",
      get + "Content-Length: 0x10\r\n\r\n",
      get + "Content-Length: -1\r\n\r\n",
      get + "Content-Length: 00\r\n\r\n",
      get + "Content-Length:\r\n\r\n",
      get + "Content-Length: 99999999999999999999\r\n\r\n",
      get + "Content-Length : " + size + "\r\n\r\n",
      get + " Content-Length: " + size + "\r\n\r\n",
      get + "X: a\r\n Content-Length: " + size + "\r\n\r\n",
      get + "X: a\r\n\tContent-Length: " + size + "\r\n\r\n",
      "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: " + size + "\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: " + size + "\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: " + size + "\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +" + size + "\r\n\r\n",
  };
  for (const std::string& head : heads) {
    INFO(head);
    RawClient client(fixture.port());
    client.send(head + smuggled);
    std::string received;
    CHECK(client.read_to_end(received) == RawClient::End::clean);
    CHECK(received.starts_with("HTTP/1.1 400 "));
    CHECK(received.find("HTTP/1.1", 1) == std::string::npos);
  }
  CHECK(*count == 0);
}

TEST_CASE("a write with a body is answered by its head alone, and its body is never read as a request") {
  const auto count = std::make_shared<std::atomic<int>>(0);
  ServerFixture fixture(counter(count));
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string size = std::to_string(smuggled.size());
  const std::vector<std::string> heads{
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + size + "\r\n\r\n",
      "PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 00\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "DELETE / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n",
  };
  for (const std::string& head : heads) {
    INFO(head);
    RawClient client(fixture.port());
    client.send(head + smuggled);
    std::string received;
    CHECK(client.read_to_end(received) == RawClient::End::clean);
    CHECK(received.starts_with("HTTP/1.1 200 "));
    CHECK(received.find("Connection: close") != std::string::npos);
    CHECK(received.find("HTTP/1.1", 1) == std::string::npos);
  }
  CHECK(*count == 4);
}

TEST_CASE("malformed heads get 400") {
  const auto count = std::make_shared<std::atomic<int>>(0);
  ServerFixture fixture(counter(count));
  const std::vector<std::string> heads{
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\r\nHost: h\r\n\r\n",
      "GET\r\n\r\n",
      "\r\n\r\n",
      "G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://h/ HTTP/1.1\r\n\r\n",
      "GET http://h/ HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
      "GET http:/// HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://h:x/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
      "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n",
      std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 29),
      "GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n: no name\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n",
      "\x16\x03\x01\x02\r\n\r\n",
  };
  for (const std::string& head : heads) {
    INFO(head);
    RawClient client(fixture.port());
    client.send(head);
    std::string received;
    CHECK(client.read_to_end(received) == RawClient::End::clean);
    CHECK(received.starts_with("HTTP/1.1 400 "));
  }
  CHECK(*count == 0);
}

TEST_CASE("a client that tries TLS first gets a 400 in plain HTTP, whatever its greeting, and reads it to the end") {
  const auto count = std::make_shared<std::atomic<int>>(0);
  ServerFixture fixture(counter(count));
  // A ClientHello in one record, as Go sends it; one of which only the first byte came; an SSLv2 one; and one that is as
  // long as post-quantum keys make it, of which the rest is unread when the answer leaves.
  const std::vector<std::string> greetings{
      std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10),
      "\x16",
      std::string("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 11),
      std::string("\x16\x03\x01\x40\x00\x01", 6) + std::string(100'000, '\x7f'),
  };
  for (const std::string& greeting : greetings) {
    RawClient client(fixture.port());
    client.send(greeting);
    std::string received;
    CHECK(client.read_to_end(received) == RawClient::End::clean);
    CHECK(received.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(received.find("this port speaks HTTP, not TLS") != std::string::npos);
  }
  CHECK(*count == 0);
}

TEST_CASE("a head over 64 KiB or of over 100 headers gets 431 with the bound, one just below is answered") {
  const auto count = std::make_shared<std::atomic<int>>(0);
  ServerFixture fixture(counter(count));
  const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: ";
  const std::string fitting = begin + std::string(http::largest_request_head - begin.size() - 4, 'x') + "\r\n\r\n";
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 101; ++i) many += "X: y\r\n";
  struct Case {
    std::string head;
    const char* answer;
  };
  for (const Case& example :
       {Case{fitting, "HTTP/1.1 200"}, Case{begin + std::string(70'000, 'x') + "\r\n\r\n", "than 64 KiB"},
        Case{begin + std::string(70'000, 'x'), "than 64 KiB"}, Case{many + "\r\n", "more than 100 headers"}}) {
    RawClient client(fixture.port());
    client.send(example.head);
    std::string received;
    CHECK(client.read_to_end(received) == RawClient::End::clean);
    CHECK(received.starts_with(example.answer == std::string("HTTP/1.1 200") ? "HTTP/1.1 200" : "HTTP/1.1 431 "));
    CHECK(received.find(example.answer) != std::string::npos);
  }
  CHECK(*count == 1);
}

namespace {

// Answers with the Host, the path and the query of the request.
Task<void> echo(Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response response;
  response.body = http::find_header(request.headers, "Host").value_or("none") + " " + request.path + " " + request.query;
  co_await exchange.respond(response);
}

}  // namespace

TEST_CASE("a request may name its target by a whole URL, whose host stands for the one in the headers") {
  ServerFixture fixture(echo);
  struct Case {
    const char* head;
    const char* body;
  };
  for (const Case& example : {Case{"GET http://h:80/a?b HTTP/1.1\r\nHost: other\r\n\r\n", "h:80 /a b"},
                              Case{"GET HTTP://[::1]:7070?b HTTP/1.1\r\nHost: x\r\n\r\n", "[::1]:7070 / b"},
                              Case{"GET https://h HTTP/1.1\r\nHost:\r\n\r\n", "h / "},
                              Case{"GET http://h/a HTTP/1.0\r\n\r\n", "h /a "}}) {
    INFO(example.head);
    RawClient client(fixture.port());
    client.send(example.head);
    std::string received;
    CHECK(client.read_until(received, example.body));
    CHECK(received.starts_with("HTTP/1.1 200 "));
  }
}

TEST_CASE("a request of HTTP/1.0 may name no host, and means the address that it has connected to") {
  ServerFixture fixture(echo);
  for (const char* version : {"HTTP/1.0\r\n", "HTTP/1.0\r\nConnection: keep-alive\r\n"}) {
    RawClient client(fixture.port());
    client.send(std::string("GET /healthz ") + version + "\r\n");
    std::string received;
    CHECK(client.read_until(received, "127.0.0.1:" + std::to_string(fixture.port()) + " /healthz "));
    CHECK(received.starts_with("HTTP/1.1 200 "));
  }
}

TEST_CASE("a token of 40 KB comes through, and no more than 256 such heads are held at once") {
  ServerFixture fixture(echo);
  const std::string long_head = "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + std::string(40'000, 'x');
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 256; ++i) {
    clients.push_back(std::make_unique<RawClient>(fixture.port()));
    clients.back()->send(long_head);
  }
  RawClient last(fixture.port());
  last.send(long_head);
  std::string refused;
  CHECK(last.read_to_end(refused) == RawClient::End::clean);
  CHECK(refused.starts_with("HTTP/1.1 503 "));
  for (const auto& client : clients) {
    client->send("\r\n\r\n");
    std::string received;
    REQUIRE(client->read_until(received, "h /a "));
  }
  RawClient next(fixture.port());
  next.send(long_head + "\r\n\r\n");
  std::string received;
  CHECK(next.read_until(received, "h /a "));
}

TEST_CASE("a request is parsed into method, path, query and headers") {
  const auto head = http::parse_request_head(
      "GET /v2/a/manifests/1?ns=docker.io&x=1 HTTP/1.1\r\nHost: h\r\nAccept: a/b\r\naccept:  c/d \r\nContent-Length: "
      "0\r\n\r\n");
  REQUIRE(head);
  CHECK(head->keep_alive);
  CHECK(head->request.method == "GET");
  CHECK(head->request.path == "/v2/a/manifests/1");
  CHECK(head->request.query == "ns=docker.io&x=1");
  CHECK(head->request.query_value("ns") == "docker.io");
  CHECK(http::find_header(head->request.headers, "ACCEPT") == "a/b, c/d");
}

TEST_CASE("who asks to close, or speaks HTTP/1.0, is not kept") {
  CHECK_FALSE(http::parse_request_head("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")->keep_alive);
  CHECK_FALSE(http::parse_request_head("GET / HTTP/1.0\r\nHost: h\r\n\r\n")->keep_alive);
}

TEST_CASE("a scheme alone is no target, and the server goes on") {
  const auto count = std::make_shared<std::atomic<int>>(0);
  ServerFixture fixture(counter(count));
  for (const char* target : {"http", "https", "HTTP", "http:", "http:/", "http://", "https:x"}) {
    CAPTURE(target);
    RawClient client(fixture.port());
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string received;
    client.read_to_end(received);
    CHECK(received.starts_with("HTTP/1.1 400"));
  }
  CHECK(*count == 0);
  auto client = fixture.client();
  CHECK(client.Get("/"));
}
