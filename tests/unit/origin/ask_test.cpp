// Questions to a registry: answers as they are, redirects, and what an origin that misbehaves comes to.
#include <catch2/catch.hpp>

#include "tests/doubles/certificates.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

TEST_CASE("an answer is handed on with its type, digest, length, links and body") {
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/v1", [](const auto& request, auto& response) {
    if (request.get_header_value("Accept") != "application/json") return;
    response.set_content("{}", "application/vnd.oci.image.manifest.v1+json");
    response.set_header("Docker-Content-Digest", "sha256:abc");
    response.set_header("Link", "<x>; rel=next");
  });
  registry.start();
  OriginClient client(registry.url());
  const auto answer = client.ask("manifests/v1");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->content_type == "application/vnd.oci.image.manifest.v1+json");
  CHECK(answer->digest == "sha256:abc");
  CHECK(answer->length == 2U);
  CHECK(answer->links == std::vector<std::string>{"<x>; rel=next"});
  CHECK(text_of(answer->body) == "{}");
  const auto head = client.ask("manifests/v1", "HEAD");
  REQUIRE(head);
  CHECK(head->length == 2U);
  CHECK(head->body.empty());
}

TEST_CASE("without a repository the registry itself is asked, and the filters that it applied are handed on") {
  FakeRegistry registry;
  registry.routes().Get("/v2/_catalog", [](const auto& request, auto& response) {
    response.set_header("OCI-Filters-Applied", "artifactType");
    response.set_content(request.get_param_value("n"), "application/json");
  });
  registry.start();
  OriginClient client(registry.url());
  const auto answer = client.ask("_catalog?n=5", "GET", "", "");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->filters == "artifactType");
  CHECK(text_of(answer->body) == "5");
}

TEST_CASE("an error status is an answer, with its challenge and Retry-After") {
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/(.*)", [](const auto& request, auto& response) {
    response.status = std::stoi(request.matches[1]);
    response.set_header("Retry-After", "17");
    response.set_header("WWW-Authenticate", "Basic realm=\"x\"");
    response.set_content("sorry", "text/plain");
  });
  registry.start();
  OriginClient client(registry.url());
  for (const unsigned status : {401U, 403U, 404U, 429U, 500U, 503U}) {
    const auto answer = client.ask("manifests/" + std::to_string(status));
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->retry_after == "17");
    CHECK(answer->challenges == std::vector<std::string>{"Basic realm=\"x\""});
    CHECK(text_of(answer->body) == "sorry");
    client.pass(Milliseconds(18'000));  // sooner it is not asked
  }
}

TEST_CASE("a manifest over the largest is refused, and an unknown upstream is not found") {
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/v1", [](const auto&, auto& response) {
    response.set_content(std::string(origin::largest_manifest.value + 1, 'x'), "a/b");
  });
  registry.start();
  OriginClient client(registry.url());
  const auto large = client.ask("manifests/v1");
  REQUIRE_FALSE(large);
  CHECK(large.error().kind == ErrorKind::refused);
  OriginClient nobody(registry.url());
  nobody.options.upstreams.clear();
  const auto unknown = nobody.ask("manifests/v1");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == ErrorKind::not_found);
}

TEST_CASE("a path in the upstream's URL comes before /v2/") {
  FakeRegistry registry;
  registry.routes().Get("/proxy/v2/lib/a/tags/list",
                        [](const auto&, auto& response) { response.set_content("[]", "a/b"); });
  registry.start();
  OriginClient client(registry.url("/proxy/"));
  const auto answer = client.ask("tags/list?n=5");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(registry.seen().at(0).target == "/proxy/v2/lib/a/tags/list?n=5");
}

TEST_CASE("a redirect within the registry keeps the caller's authorization; one to another port does not get it") {
  FakeRegistry storage;
  storage.routes().Get("/blob", [](const auto&, auto& response) { response.set_content("data", "a/b"); });
  storage.start();
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/v1",
                        [](const auto&, auto& response) { response.set_redirect("/step", 307); });
  registry.routes().Get(
      "/step", [&](const auto&, auto& response) { response.set_redirect(storage.url("/blob?signed=1"), 302); });
  registry.start();
  OriginClient client(registry.url());
  const auto answer = client.ask("manifests/v1", "GET", "Bearer mine");
  REQUIRE(answer);
  CHECK(text_of(answer->body) == "data");
  REQUIRE(registry.seen().size() == 2);
  CHECK(registry.seen()[0].authorization == "Bearer mine");
  CHECK(registry.seen()[1].authorization == "Bearer mine");
  REQUIRE(storage.seen().size() == 1);
  CHECK(storage.seen()[0].authorization.empty());
  CHECK(storage.seen()[0].target == "/blob?signed=1");
}

TEST_CASE("an authorization that was dropped does not come back with the way back") {
  FakeRegistry registry;
  FakeRegistry other;
  other.routes().Get("/away", [&](const auto&, auto& response) { response.set_redirect(registry.url("/back"), 307); });
  other.start();
  registry.routes().Get("/v2/lib/a/manifests/v1",
                        [&](const auto&, auto& response) { response.set_redirect(other.url("/away"), 307); });
  registry.routes().Get("/back", [](const auto&, auto& response) { response.set_content("x", "a/b"); });
  registry.start();
  OriginClient client(registry.url());
  REQUIRE(client.ask("manifests/v1", "GET", "Bearer mine"));
  CHECK(registry.seen().at(1).authorization.empty());
}

TEST_CASE("redirects end after five") {
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/v1",
                        [](const auto&, auto& response) { response.set_redirect("/1", 307); });
  registry.routes().Get("/([0-9]+)", [](const auto& request, auto& response) {
    const int step = std::stoi(request.matches[1]);
    if (step == 5) {
      response.set_content("arrived", "a/b");
    } else {
      response.set_redirect("/" + std::to_string(step + 1), 307);
    }
  });
  registry.routes().Get("/v2/lib/a/manifests/loop",
                        [](const auto& request, auto& response) { response.set_redirect(request.path, 307); });
  registry.start();
  OriginClient client(registry.url());
  const auto five = client.ask("manifests/v1");
  REQUIRE(five);
  CHECK(text_of(five->body) == "arrived");
  const auto loop = client.ask("manifests/loop");
  REQUIRE_FALSE(loop);
  CHECK(loop.error().kind == ErrorKind::unavailable);
  CHECK(registry.seen().size() == 12);
}

TEST_CASE("a registry on https that redirects to http is refused") {
  Certificates certificates;
  const auto own = certificates.issue("registry", "IP:127.0.0.1");
  FakeRegistry plain;
  plain.start();
  FakeRegistry registry(own.certificate, own.key);
  registry.routes().Get("/v2/lib/a/manifests/v1",
                        [&](const auto&, auto& response) { response.set_redirect(plain.url("/x"), 307); });
  registry.routes().Get("/v2/lib/a/manifests/v2",
                        [](const auto&, auto& response) { response.set_content("x", "a/b"); });
  registry.start();
  OriginClient client(registry.url());
  client.options.upstreams["reg.test"].ca = certificates.ca_file();
  CHECK(client.ask("manifests/v2"));
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::refused);
  CHECK(plain.seen().empty());
  OriginClient distrustful(registry.url());
  const auto unverified = distrustful.ask("manifests/v2");
  REQUIRE_FALSE(unverified);
  CHECK(unverified.error().kind == ErrorKind::refused);
}

TEST_CASE("a registry that is silent or ends early is unavailable") {
  ScriptedServer early("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Afterwards::close);
  OriginClient client(early.url());
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::unavailable);
  ScriptedServer silent("HTTP/1.1 2", Afterwards::stay_silent);
  OriginClient waiting(silent.url());
  waiting.options.limits.connect = std::chrono::hours(10'000);  // it is not the connection that is waited for
  const auto nothing = waiting.ask_a_silent_one("manifests/v1");
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().kind == ErrorKind::unavailable);
  CHECK_THAT(nothing.error().what, Catch::Contains("in time"));
}
