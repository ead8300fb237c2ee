// Token endpoints as they really behave, and how often they are asked.
#include <catch2/catch.hpp>

#include "tests/unit/origin/guarded_registry.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

// Redirects its realm to `to`.
void redirect_realm(GuardedRegistry& registry, const std::string& to) {
  registry.routes().Get("/moved", [to](const auto& request, auto& response) {
    response.set_redirect(to + "?" + request.target.substr(request.target.find('?') + 1), 307);
  });
  registry.challenge = "Bearer realm=\"" + registry.at("/moved") + "\",service=\"reg\"";
}

void wait_for(GuardedRegistry& registry, const std::string& path, int count) {
  while (registry.count(path) < count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a token endpoint is followed where it redirects to") {
  for (const bool is_relative : {true, false}) {
    GuardedRegistry registry;
    redirect_realm(registry, is_relative ? "/token" : registry.at("/token"));
    OriginClient client(registry.url());
    const CredentialFiles credentials(client);
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    CHECK(registry.count("/moved") == 1);
    CHECK(registry.token_questions() == std::vector<std::string>{"service=reg&scope=repository%3Alib%2Fa%3Apull"});
    CHECK(registry.has_seen(basic_of_me));
  }
}

TEST_CASE("a relative realm is the registry's own") {
  GuardedRegistry registry;
  registry.challenge = "Bearer realm=\"/token\"";
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
}

TEST_CASE("a token endpoint that redirects to another owner's host gets no credential there, and the registry's challenge stands") {
  GuardedRegistry elsewhere("localhost");
  GuardedRegistry registry;
  redirect_realm(registry, elsewhere.at("/token"));
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 401);
  CHECK(elsewhere.seen().empty());
  CHECK(client.metrics().refused_hosts.value() == 1);
  OriginClient anonymous(registry.url());
  CHECK(status_of(anonymous.ask("manifests/v1")) == 200);
}

TEST_CASE("a token endpoint that redirects for ever is unavailable after five") {
  GuardedRegistry registry;
  redirect_realm(registry, "/moved");
  OriginClient client(registry.url());
  const auto answer = client.ask_again("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::unavailable);
  CHECK(registry.count("/moved") == 6);
}

TEST_CASE("a token endpoint that fails is asked again, within a bound") {
  for (const int status : {500, 502, 503, 504}) {
    GuardedRegistry registry;
    registry.token_status = status;
    OriginClient client(registry.url());
    const auto failing = client.ask_again("manifests/v1");
    REQUIRE_FALSE(failing);
    CHECK(failing.error().kind == ErrorKind::unavailable);
    CHECK(registry.token_questions().size() == 3);
    registry.token_status = 200;
    client.pass(Milliseconds(1'000));
    CHECK(status_of(client.ask("manifests/v1")) == 200);
  }
}

TEST_CASE("a token endpoint that is back within a second costs its caller no failure") {
  GuardedRegistry registry;
  registry.token_hook = [&](const httplib::Request&, httplib::Response& response) {
    if (registry.token_questions().size() < 3) response.status = 502;
  };
  OriginClient client(registry.url());
  CHECK(status_of(client.ask_again("manifests/v1")) == 200);
  CHECK(registry.token_questions().size() == 3);
}

TEST_CASE("the time that a token endpoint names is heard by the caller, and the endpoint is not asked before it") {
  for (const int status : {429, 503}) {
    GuardedRegistry registry;
    registry.token_status = status;
    registry.token_headers = {{"Retry-After", "30"}};
    OriginClient client(registry.url());
    for (int i = 0; i < 3; ++i) {
      const auto limited = client.ask_again("manifests/v1");
      REQUIRE_FALSE(limited);
      CHECK(limited.error().kind == ErrorKind::unavailable);
      CHECK(limited.error().retry_after > Milliseconds(20'000));
    }
    CHECK(registry.token_questions().size() == 1);
  }
}

TEST_CASE("layers that are asked for at once without a token cost one question") {
  GuardedRegistry registry;
  std::promise<void> release;
  registry.held = release.get_future().share();
  OriginClient client(registry.url());
  std::vector<std::future<Result<origin::Answer>>> asked;
  for (int i = 0; i < 10; ++i) asked.push_back(client.start("blobs/" + std::to_string(i)));
  wait_for(registry, "/token", 1);
  wait_for(registry, "/v2/lib/a/blobs/", 10);
  release.set_value();
  for (auto& one : asked) CHECK(status_of(one.get()) == 200);
  CHECK(registry.token_questions().size() == 1);
}

TEST_CASE("a token that was revoked costs all who use it one question") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  registry.accept("Bearer t2");
  registry.token_answer = R"({"token":"t2"})";
  std::promise<void> release;
  registry.held = release.get_future().share();
  std::vector<std::future<Result<origin::Answer>>> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(client.start("blobs/" + std::to_string(i)));
  wait_for(registry, "/token", 2);
  release.set_value();
  for (auto& one : asked) CHECK(status_of(one.get()) == 200);
  CHECK(registry.token_questions().size() == 2);
}

TEST_CASE("a token that is refused with 400, 401 or 403 is replaced once, in the same request") {
  for (const bool is_anonymous : {true, false}) {
    for (const int refusal : {400, 401, 403}) {
      CAPTURE(is_anonymous, refusal);
      GuardedRegistry registry;
      OriginClient client(registry.url());
      std::optional<CredentialFiles> credentials;
      if (!is_anonymous) credentials.emplace(client);
      CHECK(status_of(client.ask("manifests/v1")) == 200);
      registry.refusal = refusal;
      if (refusal != 401) registry.challenge = "";
      registry.accept("Bearer t2");
      registry.token_answer = R"({"token":"t2"})";
      CHECK(status_of(client.ask("manifests/v1")) == 200);
      CHECK(registry.token_questions().size() == 2);
      registry.accept("nothing");
      CHECK(status_of(client.ask("manifests/v1")) == static_cast<unsigned>(refusal));
      CHECK(registry.token_questions().size() == 3);
    }
  }
}

TEST_CASE("a failure of the token endpoint is shared by those who wait and not remembered") {
  GuardedRegistry registry;
  registry.token_answer = "nonsense";
  std::promise<void> release;
  registry.held = release.get_future().share();
  OriginClient client(registry.url());
  std::vector<std::future<Result<origin::Answer>>> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(client.start("blobs/" + std::to_string(i)));
  wait_for(registry, "/token", 1);
  release.set_value();
  for (auto& one : asked) CHECK_FALSE(one.get());
  CHECK(registry.token_questions().size() == 1);
  registry.token_answer = R"({"token":"t1"})";
  client.pass(Milliseconds(1'000));
  CHECK(status_of(client.ask("manifests/v1")) == 200);
}

TEST_CASE("a token that says to end at once is kept for a minute") {
  GuardedRegistry registry;
  registry.token_answer = R"({"token":"t1","expires_in":0})";
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  client.pass(Milliseconds(59'000));
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.token_questions().size() == 1);
}

TEST_CASE("a token is renewed before its end, without a refusal in between") {
  GuardedRegistry registry;
  registry.token_answer = R"({"token":"t1","expires_in":1000})";
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  client.pass(Milliseconds(901'000));
  registry.token_answer = R"({"token":"t2","expires_in":1000})";
  registry.accepted = {"Bearer t1", "Bearer t2"};
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  const auto seen = registry.seen();
  REQUIRE(seen.size() == 5);
  CHECK(seen[3].target.starts_with("/token"));
  CHECK(seen[4].authorization == "Bearer t2");
}

TEST_CASE("a token that has not ended stands in for one that cannot be had") {
  GuardedRegistry registry;
  registry.token_answer = R"({"token":"t1","expires_in":1000})";
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  client.pass(Milliseconds(901'000));
  registry.token_answer = "nonsense";
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  client.pass(Milliseconds(100'000));
  CHECK_FALSE(client.ask("manifests/v1"));
}
