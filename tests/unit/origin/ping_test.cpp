// Registries that do not say 401 to those they do not know.
#include <catch2/catch.hpp>

#include "tests/unit/origin/guarded_registry.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

std::vector<std::string> targets(FakeRegistry& registry) {
  std::vector<std::string> found;
  for (const auto& request : registry.seen()) found.push_back(request.target.substr(0, request.target.find('?')));
  return found;
}

const std::string manifest = "/v2/lib/a/manifests/v1";

}  // namespace

TEST_CASE("with a credential the registry is asked at /v2/ first, once, and its challenge is answered at once") {
  GuardedRegistry registry;
  registry.refusal = 404;
  registry.ping_status = 401;
  registry.ping_challenge = "Bearer realm=\"" + registry.at("/token") + "\",service=\"reg\"";
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(targets(registry) == std::vector<std::string>{"/v2/", "/token", manifest, manifest});
  CHECK(registry.token_questions() == std::vector<std::string>{"service=reg&scope=repository%3Alib%2Fa%3Apull"});
  CHECK(registry.seen()[1].authorization == basic_of_me);
}

TEST_CASE("a registry that asks for Basic at /v2/ gets it with the first request of each repository") {
  GuardedRegistry registry;
  registry.refusal = 403;
  registry.accept(basic_of_me);
  registry.ping_status = 401;
  registry.ping_challenge = "Basic realm=\"reg\"";
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1", "GET", "", "lib/b")) == 200);
  CHECK(registry.seen().size() == 3);
}

TEST_CASE("without a credential, and for a caller with its own authorization, /v2/ is not asked") {
  GuardedRegistry registry;
  registry.ping_status = 401;
  registry.ping_challenge = "Basic realm=\"reg\"";
  OriginClient anonymous(registry.url());
  CHECK(status_of(anonymous.ask("manifests/v1")) == 200);
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer t1")) == 200);
  CHECK(registry.count("/v2/lib/a/") == 3);
  for (const auto& request : registry.seen()) CHECK(request.target != "/v2/");
}

TEST_CASE("where /v2/ asks for nothing, a repository that is hidden is asked once more with the credential") {
  for (const int hidden : {404, 403}) {
    GuardedRegistry registry;
    registry.refusal = hidden;
    registry.challenge = "";
    registry.accept(basic_of_me);
    registry.ping_status = 200;
    OriginClient client(registry.url());
    const CredentialFiles credentials(client);
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    CHECK(targets(registry) == std::vector<std::string>{"/v2/", manifest, manifest, manifest});
  }
}

TEST_CASE("a credential that is of no use for a hidden repository is tried once, and the first answer stands") {
  GuardedRegistry registry;
  registry.ping_status = 200;
  registry.challenge = "";
  registry.resource_hook = [](const httplib::Request& request, httplib::Response& response) {
    response.status = request.get_header_value("Authorization").empty() ? 404 : 401;
  };
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 404);
  CHECK(status_of(client.ask("manifests/v1")) == 404);
  CHECK(registry.count(manifest) == 3);
}

TEST_CASE("where /v2/ fails, it is not asked again for a minute, and requests go on without it") {
  GuardedRegistry registry;
  registry.ping_status = 500;
  OriginClient client(registry.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1", "GET", "", "lib/b")) == 200);
  CHECK(std::ranges::count(targets(registry), "/v2/") == 1);
}

TEST_CASE("a renewed credential is used at the next request after a refusal of any status") {
  for (const int refusal : {400, 401, 403, 404}) {
    for (const bool is_basic : {true, false}) {
      CAPTURE(refusal, is_basic);
      GuardedRegistry registry;
      registry.refusal = 401;
      registry.token_hook = [](const httplib::Request& request, httplib::Response& response) {
        if (request.get_header_value("Authorization") == basic_of_new)
          response.set_content(R"({"token":"t2"})", "application/json");
      };
      if (is_basic) registry.challenge = "Basic realm=\"reg\"";
      registry.accept(is_basic ? basic_of_me : "Bearer t1");
      OriginClient client(registry.url());
      CredentialFiles credentials(client);
      CHECK(status_of(client.ask("manifests/v1")) == 200);
      registry.refusal = refusal;
      registry.accept(is_basic ? basic_of_new : "Bearer t2");
      CHECK(status_of(client.ask("manifests/v1")) == static_cast<unsigned>(refusal));
      credentials.write_password("renewed");
      CHECK(status_of(client.ask("manifests/v1")) == 200);
    }
  }
}

TEST_CASE("a Basic credential is the one that the files hold at each request") {
  GuardedRegistry registry;
  registry.accepted = {basic_of_me, basic_of_new};
  registry.challenge = "Basic realm=\"reg\"";
  OriginClient client(registry.url());
  CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  credentials.write_password("renewed");
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.seen().back().authorization == basic_of_new);
}
