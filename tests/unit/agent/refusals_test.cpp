// What the endpoint refuses itself, and what it passes on of the origin's refusals.
#include <catch2/catch.hpp>

#include "agent/registry/endpoint.hpp"
#include "agent/registry/oci_error.hpp"
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

TEST_CASE("a 404 keeps the origin's own code and message, of a tag and of a layer") {
  const std::string body = R"({"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]})";
  const http::Response relayed = relay(answer(404, "application/json", body), "MANIFEST_UNKNOWN");
  Error error{ErrorKind::not_found, "reg/app: the origin answers 404 NAME_UNKNOWN"};
  error.answered = Answered{404, {}, "NAME_UNKNOWN", "no such repository"};
  const http::Response own = oci_error(error, "MANIFEST_UNKNOWN");
  CHECK(relayed.status == 404);
  CHECK(own.status == 404);
  CHECK(relayed.body == own.body);
  CHECK_THAT(own.body, Catch::Contains("NAME_UNKNOWN") && Catch::Contains("no such repository"));
}

TEST_CASE("what is unavailable says when to come back, of a tag and of a layer") {
  auto limited = answer(429);
  limited.retry_after = "30";
  CHECK(http::find_header(relay(limited, "BLOB_UNKNOWN").headers, "Retry-After") == "30");
  const http::Response own = oci_error(Error{ErrorKind::unavailable, "429", Milliseconds(29'001)}, "BLOB_UNKNOWN");
  CHECK(own.status == 503);
  CHECK(http::find_header(own.headers, "Retry-After") == "30");
  CHECK_FALSE(http::find_header(oci_error(Error{ErrorKind::unavailable, "gone"}, "BLOB_UNKNOWN").headers, "Retry-After"));
}

TEST_CASE("our own refusal is 404, and so is one whose status no refusal has") {
  Error error{ErrorKind::refused, "its size is not the manifest's"};
  CHECK(oci_error(error, "BLOB_UNKNOWN").status == 404);
  for (const unsigned status : {0u, 200u, 302u, 408u, 429u, 500u}) {
    error.answered = Answered{status, {"Basic realm=\"x\""}, "", ""};
    const http::Response response = oci_error(error, "BLOB_UNKNOWN");
    CHECK(response.status == 404);
    CHECK(http::header_lines(response.headers, "WWW-Authenticate").empty());
  }
  error.answered = Answered{403, {}, "", ""};
  CHECK(oci_error(error, "BLOB_UNKNOWN").status == 403);
  CHECK_THAT(oci_error(error, "BLOB_UNKNOWN").body, Catch::Contains("DENIED"));
}
