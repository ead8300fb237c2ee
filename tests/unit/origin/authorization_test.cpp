// How a registry is answered that asks who we are.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/doubles/temporary_directory.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

constexpr const char* basic_of_me = "Basic bWU6c2VjcmV0";  // me:secret

// A registry that answers only `accepted`, and challenges all others with `challenge`.
class GuardedRegistry : public FakeRegistry {
 public:
  GuardedRegistry() {
    routes().Get("/v2/lib/a/manifests/v1", [this](const auto& request, auto& response) {
      if (request.get_header_value("Authorization") == accepted) {
        response.set_content("granted", "a/b");
      } else {
        response.status = 401;
        response.set_header("WWW-Authenticate", challenge);
      }
    });
    routes().Get("/token", [this](const auto&, auto& response) {
      response.status = token_status;
      response.set_content(token_answer, "application/json");
    });
    start();
    challenge = "Bearer realm=\"" + url("/token") + "\",service=\"reg\",scope=\"repository:lib/a:pull\"";
  }
  std::string accepted = "Bearer t1";
  std::string challenge;
  std::string token_answer = R"({"token":"t1","expires_in":100})";
  int token_status = 200;

  int count(const std::string& path) {
    int found = 0;
    for (const auto& request : seen()) found += request.target.starts_with(path) ? 1 : 0;
    return found;
  }
};

class Credentials {
 public:
  explicit Credentials(OriginClient& client) {
    auto& upstream = client.options.upstreams["reg.test"];
    upstream.username_file = directory_.path() + "/user";
    upstream.password_file = directory_.path() + "/password";
    std::ofstream(upstream.username_file) << "me\n";
    std::ofstream(upstream.password_file) << "secret\n";
  }

 private:
  TemporaryDirectory directory_;
};

unsigned status_of(const Result<origin::Answer>& answer) {
  return answer ? answer->status : 0;
}

}  // namespace

TEST_CASE("a Bearer challenge is answered with an anonymous token, asked for once while it lives") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  REQUIRE(registry.seen().size() == 4);
  const auto question = registry.seen()[1];
  CHECK(question.target == "/token?service=reg&scope=repository%3Alib%2Fa%3Apull");
  CHECK(question.authorization.empty());
  client.pass(Milliseconds(90'000));
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.count("/token") == 2);
}

TEST_CASE("a token that the registry no longer takes is replaced") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  registry.accepted = "Bearer t2";
  registry.token_answer = R"({"access_token":"t2"})";
  CHECK(status_of(client.ask("manifests/v1")) == 200);
}

TEST_CASE("a configured credential is shown to the token endpoint and never to the registry that asks for a token") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  Credentials credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  for (const auto& request : registry.seen()) {
    const bool is_token = request.target.starts_with("/token");
    CHECK((request.authorization == basic_of_me) == is_token);
  }
}

TEST_CASE("a Basic challenge is answered with the configured credential, at once the next time") {
  GuardedRegistry registry;
  registry.accepted = basic_of_me;
  registry.challenge = "Basic realm=\"registry\"";
  OriginClient client(registry.url());
  Credentials credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.seen().size() == 3);
}

TEST_CASE("a credential that is wrong is shown once, and the challenge handed on") {
  GuardedRegistry registry;
  registry.accepted = "Basic other";
  registry.challenge = "Basic realm=\"registry\"";
  OriginClient client(registry.url());
  Credentials credentials(client);
  const auto answer = client.ask("manifests/v1");
  CHECK(status_of(answer) == 401);
  CHECK(answer->challenges == std::vector<std::string>{registry.challenge});
  CHECK(registry.seen().size() == 2);
}

TEST_CASE("without a credential a Basic challenge, or one of an unknown scheme, is handed on") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  for (const char* challenge : {"Basic realm=\"registry\"", "Negotiate", "", "Bearer realm=\""}) {
    registry.challenge = challenge;
    CHECK(status_of(client.ask("manifests/v1")) == 401);
  }
  CHECK(registry.seen().size() == 4);
}

TEST_CASE("the caller's own authorization is used as it is and its refusal handed on") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  Credentials credentials(client);
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer of-the-caller")) == 401);
  REQUIRE(registry.seen().size() == 1);
  CHECK(registry.seen()[0].authorization == "Bearer of-the-caller");
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer t1")) == 200);
}

TEST_CASE("a credential is refused to a realm on another host") {
  GuardedRegistry elsewhere;
  GuardedRegistry registry;
  registry.challenge = "Bearer realm=\"http://localhost:" + std::to_string(elsewhere.port()) + "/token\"";
  OriginClient client(registry.url());
  {
    Credentials credentials(client);
    const auto answer = client.ask("manifests/v1");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::refused);
    CHECK_THAT(answer.error().what, !Catch::Contains("secret"));
  }
  CHECK(elsewhere.seen().empty());
  OriginClient anonymous(registry.url());
  CHECK(status_of(anonymous.ask("manifests/v1")) == 200);
}

TEST_CASE("a token endpoint that refuses leaves the registry's own challenge; one that fails is unavailable") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  registry.token_status = 401;
  CHECK(status_of(client.ask("manifests/v1")) == 401);
  registry.token_status = 503;
  const auto failing = client.ask("manifests/v1");
  REQUIRE_FALSE(failing);
  CHECK(failing.error().kind == ErrorKind::unavailable);
  registry.token_status = 404;
  CHECK(client.ask("manifests/v1").error().kind == ErrorKind::unavailable);
  registry.token_status = 200;
  for (const char* bad : {"{}", "nonsense", R"({"token":"a\r\nb"})"}) {
    registry.token_answer = bad;
    CHECK(client.ask("manifests/v1").error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("a credential file that is gone is refused by its name, and only when it is needed") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  { Credentials removed_at_once(client); }
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::refused);
  CHECK_THAT(answer.error().what, Catch::Contains(client.options.upstreams["reg.test"].username_file));
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer t1")) == 200);
}
