// A registry that redirects to another one, which asks who we are itself.
#include <catch2/catch.hpp>

#include "tests/unit/origin/guarded_registry.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

// Redirects what it is asked for to "real/name" at `target`, perhaps after a login of its own.
class Vanity : public FakeRegistry {
 public:
  explicit Vanity(const GuardedRegistry& target) {
    routes().Get("/v2/lib/a/(.+)", [this, &target](const auto& request, auto& response) {
      if (!wanted.empty() && request.get_header_value("Authorization") != wanted) {
        response.status = 401;
        response.set_header("WWW-Authenticate", "Bearer realm=\"" + url("/token") + "\",service=\"vanity\"");
        return;
      }
      response.set_redirect(target.at("/v2/real/name/" + std::string(request.matches[1])), 307);
    });
    routes().Get("/token", [](const auto&, auto& response) {
      response.set_content(R"({"token":"vanitys"})", "application/json");
    });
    start();
  }
  std::string wanted;  // authorization; empty: it redirects anybody
};

GuardedRegistry& with_wide_challenge(GuardedRegistry& real) {
  real.challenge = "Bearer realm=\"" + real.at("/token") + "\",service=\"real\",scope=\"repository:real/name:pull,push\"";
  return real;
}

const std::string question_of_real = "service=real&scope=repository%3Areal%2Fname%3Apull";

}  // namespace

TEST_CASE("the challenge of a redirect's target is answered there, and the token remembered for its next requests") {
  GuardedRegistry real("localhost");
  Vanity vanity(with_wide_challenge(real));
  OriginClient client(vanity.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(vanity.seen().size() == 1);
  CHECK(real.count("/v2/real/name/manifests/v1") == 2);
  CHECK(real.token_questions() == std::vector<std::string>{question_of_real});
  CHECK(status_of(client.ask("manifests/v2", "HEAD")) == 200);
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(text_of(layer->bytes.value()) == "granted");
  CHECK(vanity.seen().size() == 3);
  CHECK(real.count("/v2/real/name/") == 4);
  CHECK(real.token_questions().size() == 1);
  for (const auto& request : vanity.seen()) CHECK(request.authorization.empty());
}

TEST_CASE("a digest, a HEAD and parts that are redirected to another registry come with a login there") {
  for (const int kind : {0, 1, 2}) {
    GuardedRegistry real("localhost");
    Vanity vanity(with_wide_challenge(real));
    OriginClient client(vanity.url());
    if (kind == 0) CHECK(client.open(2));
    if (kind == 1) CHECK(status_of(client.ask("manifests/v1", "HEAD")) == 200);
    for (int part = 0; kind == 2 && part < 2; ++part) {
      const auto read = client.open_part({1, 3});
      REQUIRE(read);
      REQUIRE(*read);
      CHECK(text_of((*read)->bytes.value()) == "ra");
    }
    CHECK(real.token_questions() == std::vector<std::string>{question_of_real});
  }
}

TEST_CASE("a registry and the one that it redirects to each see their own token only") {
  GuardedRegistry real("localhost");
  Vanity vanity(with_wide_challenge(real));
  vanity.wanted = "Bearer vanitys";
  OriginClient client(vanity.url());
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v2")) == 200);
  CHECK_FALSE(real.has_seen("vanitys"));
  for (const auto& request : vanity.seen()) CHECK((request.authorization.empty() || request.authorization == vanity.wanted));
  CHECK(real.count("/v2/real/name/") == 3);
}

TEST_CASE("a configured credential is not for a redirect's target of another owner") {
  GuardedRegistry real("localhost");
  Vanity vanity(with_wide_challenge(real));
  OriginClient client(vanity.url());
  const CredentialFiles credentials(client);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK_FALSE(real.has_seen("Basic"));
  real.challenge = "Basic realm=\"real\"";
  real.accept(basic_of_me);
  const auto refused = client.ask("manifests/v2");
  CHECK(status_of(refused) == 401);
  CHECK(refused->challenges == std::vector<std::string>{real.challenge});
  CHECK_FALSE(real.has_seen("Basic"));
}

TEST_CASE("a redirect's target that is an upstream itself is asked with its own credential") {
  GuardedRegistry real("localhost");
  real.accept(basic_of_me);
  real.challenge = "Basic realm=\"real\"";
  Vanity vanity(real);
  OriginClient client(vanity.url());
  client.options.upstreams["real.test"].url = real.at("");
  const CredentialFiles credentials(client, "real.test");
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  for (const auto& request : vanity.seen()) CHECK(request.authorization.empty());
}

TEST_CASE("a caller that was challenged by a redirect's target is let in there, and its authorization shown to no other") {
  GuardedRegistry real("localhost");
  Vanity vanity(with_wide_challenge(real));
  real.accept("Bearer callers");
  OriginClient client(vanity.url());
  const auto challenged = client.ask("manifests/v1");
  CHECK(status_of(challenged) == 401);
  CHECK(challenged->challenges == std::vector<std::string>{real.challenge});
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer callers")) == 200);
  for (const auto& request : vanity.seen()) CHECK(request.authorization.empty());
}

TEST_CASE("a caller's authorization for the registry is not shown to a redirect's target, which is asked with ours") {
  GuardedRegistry real("localhost");
  Vanity vanity(with_wide_challenge(real));
  vanity.wanted = "Bearer callers";
  OriginClient client(vanity.url());
  CHECK(status_of(client.ask("manifests/v1", "GET", "Bearer callers")) == 200);
  CHECK_FALSE(real.has_seen("callers"));
}

TEST_CASE("a target that refuses its own token is asked twice and no more") {
  GuardedRegistry real("localhost");
  Vanity vanity(with_wide_challenge(real));
  real.accept("nothing");
  OriginClient client(vanity.url());
  CHECK(status_of(client.ask("manifests/v1")) == 401);
  CHECK(vanity.seen().size() == 1);
  CHECK(real.count("/v2/") == 2);
  CHECK(real.token_questions().size() == 1);
}
