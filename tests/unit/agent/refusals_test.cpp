// What the endpoint refuses itself, and what it passes on of the origin's refusals.
#include <catch2/catch.hpp>

#include "agent/registry/endpoint.hpp"
#include "agent/registry/relay.hpp"

using namespace shoal;
using namespace shoal::agent::registry;

namespace {

origin::Answer answer(unsigned status, const std::string& type = "", const std::string& body = "") {
  origin::Answer answer;
  answer.status = status;
  answer.content_type = type;
  answer.body = copy_of(bytes_of(body));
  return answer;
}

}  // namespace

TEST_CASE("addresses and localhost are ours on any port, other names only when configured") {
  for (const char* host : {"127.0.0.1:7070", "127.0.0.1", "[::1]:7070", "localhost", "LocalHost:80", "10.1.2.3:7070",
                           "mirror.example.com:7070", "Mirror.Example.Com"}) {
    CAPTURE(host);
    CHECK(is_our_host(host, {"mirror.example.com"}));
  }
  for (const char* host :
       {"evil.example.com", "evil.example.com:7070", "127.0.0.1.example.com", "localhost.example.com", "", ":7070",
        "a b", "127.0.0.1@evil.example.com", "sub.mirror.example.com", "2130706433"}) {
    CAPTURE(host);
    CHECK_FALSE(is_our_host(host, {"mirror.example.com"}));
  }
}

TEST_CASE("a challenge is passed on as it came") {
  auto refused = answer(401, "application/json", "{}");
  refused.challenges = {"Bearer realm=\"https://auth.example.com/token\"", "Basic realm=\"x\""};
  const http::Response response = relay(refused, "NAME_UNKNOWN");
  CHECK(response.status == 401);
  CHECK(response.body == "{}");
  CHECK(http::header_lines(response.headers, "WWW-Authenticate") == refused.challenges);
}

TEST_CASE("a failing origin is 503, and neither 408 nor 429 ever reaches a runtime") {
  for (const unsigned status : {200u, 204u, 304u, 408u, 429u, 500u, 502u, 503u, 504u}) {
    CAPTURE(status);
    CHECK(is_failing(answer(status)));
    CHECK(relay(answer(status), "NAME_UNKNOWN").status == 503);
  }
  for (const unsigned status : {400u, 401u, 403u, 405u, 410u}) {
    CAPTURE(status);
    CHECK_FALSE(is_failing(answer(status)));
    CHECK(relay(answer(status, "application/json", "{}"), "NAME_UNKNOWN").status == status);
  }
}

TEST_CASE("a 404 becomes a registry's error, whatever the origin's looks like") {
  CHECK_FALSE(is_failing(answer(404)));
  const http::Response response = relay(answer(404, "text/html", "<html>"), "BLOB_UNKNOWN");
  CHECK(response.status == 404);
  CHECK(response.body.find("BLOB_UNKNOWN") != std::string::npos);
}
