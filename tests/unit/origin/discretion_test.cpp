// What a careless registry says again.
#include <catch2/catch.hpp>

#include "tests/unit/origin/guarded_registry.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

constexpr const char* query = "X-Amz-Date=20261130T000000Z&X-Amz-Signature=0123456789abcdef%2Fsigned&n=5";

// Says in the body and a header of its refusal all that it was shown.
void repeat(const httplib::Request& request, httplib::Response& response) {
  const std::string shown = request.get_header_value("Authorization") + " secret " + request.target;
  response.status = 403;
  response.set_header("WWW-Authenticate", "Basic realm=\"" + request.get_header_value("Authorization") + "\"");
  response.set_content(R"({"errors":[{"code":"DENIED","message":")" + shown + "\"}]}", "application/json");
}

std::string all_of(const origin::Answer& answer) {
  return std::string(text_of(answer.body)) + "\n" + answer.challenges.at(0);
}

}  // namespace

TEST_CASE("a refusal that repeats our credential has stars in its place, and is as long as it was") {
  FakeRegistry registry;
  registry.routes().Get(R"(/v2/?)", [](const auto&, auto& response) {
    response.status = 401;
    response.set_header("WWW-Authenticate", "Basic realm=\"x\"");
  });
  registry.routes().Get(R"(/v2/.+)", repeat);
  registry.start();
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  const auto answer = client.ask("manifests/v1");
  REQUIRE(answer);
  CHECK(answer->status == 403);
  const std::string coded = std::string(basic_of_me).substr(6);
  CHECK_THAT(all_of(*answer), !Catch::Contains(coded) && !Catch::Contains(" secret ") && Catch::Contains("DENIED") &&
                                  Catch::Contains("Basic realm=\"Basic " + std::string(coded.size(), '*')));
  CHECK(answer->length == answer->body.size());
}

TEST_CASE("a refusal to the caller's own authorization is the caller's") {
  FakeRegistry registry;
  registry.routes().Get(R"(/v2/.+)", repeat);
  registry.start();
  OriginClient client(registry.url());
  const auto answer = client.ask("manifests/v1", "GET", "Bearer of-the-caller");
  REQUIRE(answer);
  CHECK_THAT(all_of(*answer), Catch::Contains("Bearer of-the-caller secret "));
}

TEST_CASE("a store that a registry redirects to does not tell the query of its URL, and the short values stay") {
  FakeRegistry store;
  store.routes().Get(R"(/.+)", repeat);
  store.start();
  FakeRegistry registry;
  registry.routes().Get(R"(/v2/.+)", [&](const auto&, auto& response) {
    response.set_redirect(store.url("/manifests/v1") + "?" + query, 307);
  });
  registry.start();
  OriginClient client(registry.url());
  const auto answer = client.ask("manifests/v1");
  REQUIRE(answer);
  CHECK_THAT(all_of(*answer), !Catch::Contains("0123456789abcdef") && Catch::Contains("n=5") && Catch::Contains("DENIED"));
}
