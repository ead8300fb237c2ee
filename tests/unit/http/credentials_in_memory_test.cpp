// What a client shows to the server is nowhere in its memory once the request is answered, though its connection is kept.
#include <catch2/catch.hpp>

#include "shared/core/freed_memory.hpp"
#include "shared/http/secret_header.hpp"
#include "tests/doubles/canary.hpp"
#include "tests/unit/http/raw_client.hpp"
#include "tests/unit/http/server_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

Task<void> answer(http::Exchange& exchange) {
  http::Response response;
  response.status = http::secret_header(exchange.request().headers, "Authorization").empty() ? 401 : 200;
  response.body = "here you are";
  co_await exchange.respond(std::move(response));
}

// What was sent last is still on its way through the loop when its answer is here.
std::size_t copies_left(ServerFixture& fixture, const Canary& canary) {
  std::size_t left = 1;
  for (int i = 0; i < 50 && left > 0; ++i) {
    fixture.loop().on_loop([] {});
    left = canary.copies();
  }
  return left;
}

void send(RawClient& client, std::string text) {
  client.send(text);
  wipe(text);
}

}  // namespace

TEST_CASE("once a request is answered, nothing of its head is left in memory though the connection is kept") {
  overwrite_freed_memory();
  ServerFixture fixture(answer);
  RawClient client(fixture.port());
  std::string received;
  for (const char* name : {"Authorization: Bearer ", "Proxy-Authorization: Basic ", "Cookie: a=", "X-Api-Key: "}) {
    const Canary canary;
    send(client, canary.within(std::string("GET /v2/ HTTP/1.1\r\nHost: h\r\nAuthorization: b\r\n") + name, "\r\n\r\n"));
    received.clear();
    REQUIRE(client.read_until(received, "here you are"));
    INFO(name);
    CHECK(copies_left(fixture, canary) == 0);
  }
}

TEST_CASE("a head in parts, one of two at once, and one that is refused leave nothing either") {
  overwrite_freed_memory();
  ServerFixture fixture(answer);
  RawClient client(fixture.port());
  const Canary canary;
  std::string received;
  SECTION("in parts, longer than what is read at once") {
    client.send("GET /v2/ HTTP/1.1\r\nHost: h\r\nX-Long: " + std::string(9'000, 'x') + "\r\n");
    send(client, canary.within("Authorization: Bearer ", "\r\nX-Further: "));
    client.send(std::string(9'000, 'x') + "\r\n\r\n");
    REQUIRE(client.read_until(received, "200 OK"));
  }
  SECTION("two at once") {
    send(client, canary.within("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", "\r\n\r\n"));
    REQUIRE(client.read_until(received, "200 OK"));
  }
  SECTION("refused") {
    send(client, canary.within("GET /v2/ HTTP/1.1\r\nHost: h\r\nHost: i\r\nAuthorization: Bearer ", "\r\n\r\n"));
    CHECK(client.read_to_end(received) == RawClient::End::clean);
    CHECK(received.find("400") != std::string::npos);
  }
  SECTION("not whole") {
    send(client, canary.within("GET /v2/ HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", ""));
    client.finish_sending();
    CHECK(client.read_to_end(received) == RawClient::End::clean);
  }
  CHECK(copies_left(fixture, canary) == 0);
}
