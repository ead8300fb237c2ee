// How a registry is answered that asks who we are.
#include <catch2/catch.hpp>

#include "tests/unit/origin/guarded_registry.hpp"

using namespace shoal;
using namespace shoal::test;

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
  registry.accept("Bearer t2");
  registry.token_answer = R"({"access_token":"t2"})";
  CHECK(status_of(client.ask("manifests/v1")) == 200);
}

TEST_CASE("a configured credential is shown to the token endpoint and never to the registry that asks for a token") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  for (const auto& request : registry.seen()) {
    const bool is_token = request.target.starts_with("/token");
    CHECK((request.authorization == basic_of_me) == is_token);
  }
}

TEST_CASE("a Basic challenge is answered with the configured credential, at once the next time") {
  GuardedRegistry registry;
  registry.accept(basic_of_me);
  registry.challenge = "Basic realm=\"registry\"";
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.count("/v2/lib/a/") == 3);
}

TEST_CASE("a credential that is wrong is shown once, and the challenge handed on") {
  GuardedRegistry registry;
  registry.accept("Basic other");
  registry.challenge = "Basic realm=\"registry\"";
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  const auto answer = client.ask("manifests/v1");
  CHECK(status_of(answer) == 401);
  CHECK(answer->challenges == std::vector<std::string>{registry.challenge});
  CHECK(registry.count("/v2/lib/a/") == 2);
  CHECK(client.metrics().refused_credentials.value() == 1);
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
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer of-the-caller")) == 401);
  REQUIRE(registry.seen().size() == 1);
  CHECK(registry.seen()[0].authorization == "Bearer of-the-caller");
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer t1")) == 200);
}

TEST_CASE("a credential is not shown to a realm on another host, unless the operator names that host") {
  GuardedRegistry elsewhere("localhost");
  GuardedRegistry registry;
  registry.challenge = "Bearer realm=\"" + elsewhere.at("/token") + "\"";
  {
    OriginClient client(registry.url());
    const CredentialFiles credentials(client);
    const auto answer = client.ask("manifests/v1");
    CHECK(status_of(answer) == 401);
    CHECK(answer->challenges == std::vector<std::string>{registry.challenge});
    CHECK(client.metrics().refused_hosts.value() == 1);
  }
  CHECK(elsewhere.seen().empty());
  OriginClient anonymous(registry.url());
  CHECK(status_of(anonymous.ask("manifests/v1")) == 200);
  OriginClient allowed(registry.url());
  const CredentialFiles credentials(allowed);
  allowed.options.upstreams["reg.test"].realms = {"localhost:" + std::to_string(elsewhere.port())};
  CHECK(status_of(allowed.ask("manifests/v1")) == 200);
  CHECK(elsewhere.has_seen(basic_of_me));
}

TEST_CASE("a token endpoint that refuses leaves the registry's own challenge; one without a token is unavailable") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  for (const int status : {400, 401, 403}) {
    registry.token_status = status;
    CHECK(status_of(client.ask("manifests/v1")) == 401);
    client.pass(Milliseconds(1'000));  // for so long a failure is shared
  }
  registry.token_status = 404;
  CHECK(client.ask("manifests/v1").error().kind == ErrorKind::unavailable);
  registry.token_status = 200;
  for (const char* bad : {"{}", "nonsense", R"({"token":"a\r\nb"})"}) {
    client.pass(Milliseconds(1'000));
    registry.token_answer = bad;
    CHECK(client.ask("manifests/v1").error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("a token endpoint's refusal of the credential leaves the registry's own challenge, and is counted") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  registry.token_status = 401;
  const auto answer = client.ask("manifests/v1");
  CHECK(status_of(answer) == 401);
  CHECK(answer->challenges == std::vector<std::string>{registry.challenge});
  CHECK(client.metrics().refused_credentials.value() == 1);
}

TEST_CASE("a token is asked for to pull this repository, whatever the challenge asks for") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  for (const char* scope : {"repository:lib/a:pull,push", "repository:lib/a:*", "repository:lib/a:pull repository:other:pull",
                            "registry:catalog:*", "", "repository:other:pull,push"}) {
    registry.challenge = "Bearer realm=\"" + registry.at("/token") + "\",service=\"reg\",scope=\"" + scope + "\"";
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    registry.accept("Bearer t2");
    registry.token_answer = R"({"token":"t2"})";
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    registry.accept("Bearer t1");
    registry.token_answer = R"({"token":"t1"})";
  }
  for (const std::string& question : registry.token_questions())
    CHECK(question == "service=reg&scope=repository%3Alib%2Fa%3Apull");
}

TEST_CASE("a front that knows the repository by another name is asked for that name, to pull, after our own") {
  GuardedRegistry registry;
  registry.challenge = "Bearer realm=\"" + registry.at("/token") + "\",scope=\"repository:real/a:pull,push\"";
  registry.accept("Bearer real");
  registry.token_hook = [](const httplib::Request& request, httplib::Response& response) {
    if (request.get_param_value("scope") == "repository:real/a:pull")
      response.set_content(R"({"token":"real"})", "application/json");
  };
  OriginClient client(registry.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.token_questions() == std::vector<std::string>{"scope=repository%3Alib%2Fa%3Apull",
                                                               "scope=repository%3Areal%2Fa%3Apull"});
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.token_questions().size() == 2);
}

TEST_CASE("a credential file that is gone is refused by its name, and only when it is needed") {
  GuardedRegistry registry;
  OriginClient client(registry.url());
  { const CredentialFiles removed_at_once(client); }
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::refused);
  CHECK_THAT(answer.error().what, Catch::Contains(client.options.upstreams["reg.test"].username_file));
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer t1")) == 200);
}
