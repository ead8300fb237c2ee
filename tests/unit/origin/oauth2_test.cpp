// Refresh tokens, which docker calls identity tokens, at token endpoints that take them and at those that do not.
#include "shared/origin/oauth2.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/origin/credential_script.hpp"
#include "tests/unit/origin/guarded_registry.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

constexpr const char* basic_of_token = "Basic PHRva2VuPjpyMQ==";  // <token>:r1
constexpr const char* form_of_r1 =
    "grant_type=refresh_token&client_id=shoal&service=reg&scope=repository%3Alib%2Fa%3Apull&refresh_token=r1";

// A registry whose token server takes forms too: `posts` has what it answers, and what it was sent.
class OAuth2Registry : public GuardedRegistry {
 public:
  using Answer = std::function<void(const std::string& form, httplib::Response& response)>;

  explicit OAuth2Registry(std::string host = "127.0.0.1") : GuardedRegistry(std::move(host)) {
    routes().Post("/token", [this](const auto& request, auto& response) { take(request, response); });
    routes().Post("/moved", [this](const auto& request, auto& response) {
      const std::scoped_lock lock(mutex_);
      forms_.push_back("moved: " + request.body);
      response.set_redirect(moved_to, moved_status);
    });
    token_status = 401;  // whoever asks by GET
  }

  std::string moved_to;
  int moved_status = 307;
  Answer answer = [](const std::string& form, httplib::Response& response) {
    response.status = form == form_of_r1 ? 200 : 400;
    response.set_content(R"({"access_token":"t1","expires_in":100})", "application/json");
  };

  std::vector<std::string> forms() {
    const std::scoped_lock lock(mutex_);
    return forms_;
  }

 private:
  void take(const httplib::Request& request, httplib::Response& response) {
    if (held.valid()) held.wait();
    {
      const std::scoped_lock lock(mutex_);
      const bool is_form = request.get_header_value("Content-Type") == "application/x-www-form-urlencoded";
      forms_.push_back(is_form && !request.has_header("Authorization") ? request.body : "no form");
    }
    answer(request.body, response);
  }

  std::mutex mutex_;
  std::vector<std::string> forms_;
};

// docker's file with an identity token for this registry.
class IdentityToken {
 public:
  IdentityToken(OriginClient& client, GuardedRegistry& registry, const std::string& token = "r1") : registry_(registry) {
    client.options.upstreams["reg.test"].auth_file = directory_.path() + "/config.json";
    write(token);
  }
  void write(const std::string& token) {
    std::ofstream(directory_.path() + "/config.json")
        << R"({"auths":{"127.0.0.1:)" << registry_.port() << R"(":{"identitytoken":")" << token << R"("}}})";
  }

 private:
  GuardedRegistry& registry_;
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("an identity token is shown to the token server as a refresh token, and to nobody as a password") {
  OAuth2Registry registry;
  OriginClient client(registry.url());
  const IdentityToken token(client, registry);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.forms() == std::vector<std::string>{form_of_r1});
  CHECK_FALSE(registry.has_seen("Basic"));
  CHECK(registry.token_questions().empty());
  CHECK(client.metrics().token_questions.value() == 1);
}

TEST_CASE("what a credential helper gives for the user <token> is shown as a refresh token") {
  OAuth2Registry registry;
  OriginClient client(registry.url());
  const HelperScript helper(R"(echo '{"Username":"<token>","Secret":"r1"}')");
  client.options.upstreams["reg.test"].credential_helper = helper.path();
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(registry.forms() == std::vector<std::string>{form_of_r1});
  CHECK_FALSE(registry.has_seen("Basic"));
}

TEST_CASE("a refresh token of any characters arrives as it is") {
  OAuth2Registry registry;
  std::string token;
  while (token.size() < 3'000) token += "aZ0-._~+/=&%? ;\xc3\xa9";
  std::string arrived;
  registry.answer = [&](const std::string& form, httplib::Response& response) {
    const std::string last = "&refresh_token=";
    arrived = http::percent_decode(form.substr(form.find(last) + last.size())).value_or("");
    response.set_content(R"({"access_token":"t1"})", "application/json");
  };
  OriginClient client(registry.url());
  const IdentityToken written(client, registry, token);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(arrived == token);
}

TEST_CASE("a token server that does not take a form is asked by GET, with the refresh token as a password") {
  for (const int status : {303, 400, 401, 404, 405, 415, 501}) {
    CAPTURE(status);
    OAuth2Registry registry;
    registry.token_status = 200;
    registry.answer = [&](const std::string&, httplib::Response& response) {
      response.status = status;
      if (status == 303) response.set_header("Location", "/login");
    };
    OriginClient client(registry.url());
    const IdentityToken token(client, registry);
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    CHECK(registry.forms().size() == 1);
    CHECK(registry.token_questions().size() == 1);
    CHECK(registry.has_seen(basic_of_token));
    CHECK(registry.count("/login") == 0);
  }
}

TEST_CASE("a refresh token that is refused leaves the registry's own challenge, and is told") {
  for (const int status : {400, 401, 403}) {
    CAPTURE(status);
    OAuth2Registry registry;
    registry.answer = [&](const std::string&, httplib::Response& response) { response.status = status; };
    OriginClient client(registry.url());
    IdentityToken token(client, registry);
    const auto refused = client.ask("manifests/v1");
    CHECK(status_of(refused) == 401);
    CHECK(client.metrics().refused_credentials.value() == 1);
    registry.answer = [](const std::string& form, httplib::Response& response) {
      response.status = form.ends_with("refresh_token=renewed") ? 200 : 400;
      response.set_content(R"({"access_token":"t1"})", "application/json");
    };
    token.write("renewed");
    CHECK(status_of(client.ask("manifests/v1")) == 200);
  }
}

TEST_CASE("a refresh token that the token server gives is used for the next question, until it is refused") {
  OAuth2Registry registry;
  std::string taken = "r1";
  registry.answer = [&](const std::string& form, httplib::Response& response) {
    response.status = form.ends_with("refresh_token=" + taken) ? 200 : 400;
    if (response.status == 200) taken = "r2";
    response.set_content(R"({"access_token":"t1","expires_in":100,"refresh_token":"r2"})", "application/json");
  };
  OriginClient client(registry.url());
  const IdentityToken token(client, registry);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1", "GET", "", "lib/b")) == 200);
  REQUIRE(registry.forms().size() == 2);
  CHECK(registry.forms()[1].ends_with("scope=repository%3Alib%2Fb%3Apull&refresh_token=r2"));
  taken = "r1";  // the server has forgotten what it gave
  client.pass(Milliseconds(100'000));
  CHECK(status_of(client.ask_again("manifests/v1")) == 200);
  REQUIRE(registry.forms().size() == 4);
  CHECK(registry.forms()[2].ends_with("refresh_token=r2"));
  CHECK(registry.forms()[3].ends_with("refresh_token=r1"));
  CHECK_FALSE(registry.has_seen("Basic"));
}

TEST_CASE("a form goes along with a redirect on the registry's own host, and to no other host") {
  for (const int status : {301, 302, 307, 308}) {
    CAPTURE(status);
    OAuth2Registry elsewhere("localhost");
    OAuth2Registry registry;
    registry.challenge = "Bearer realm=\"" + registry.at("/moved") + "\",service=\"reg\"";
    registry.moved_status = status;
    registry.moved_to = "/token";
    OriginClient client(registry.url());
    const IdentityToken token(client, registry);
    CHECK(status_of(client.ask("manifests/v1")) == 200);
    CHECK(registry.forms() == std::vector<std::string>{"moved: " + std::string(form_of_r1), form_of_r1});

    registry.moved_to = elsewhere.at("/token");
    OriginClient other(registry.url());
    const IdentityToken again(other, registry);
    CHECK(status_of(other.ask("manifests/v1")) == 401);
    CHECK(elsewhere.seen().empty());
    CHECK(other.metrics().refused_hosts.value() == 1);

    other.options.upstreams["reg.test"].realms = {"localhost:" + std::to_string(elsewhere.port())};
    OriginClient trusting(registry.url());
    trusting.options = other.options;
    CHECK(status_of(trusting.ask("manifests/v1")) == 200);
    CHECK(elsewhere.forms() == std::vector<std::string>{form_of_r1});
  }
}

TEST_CASE("a realm of another owner's host is sent no form") {
  OAuth2Registry elsewhere("localhost");
  OAuth2Registry registry;
  registry.challenge = "Bearer realm=\"" + elsewhere.at("/token") + "\",service=\"reg\"";
  OriginClient client(registry.url());
  const IdentityToken token(client, registry);
  CHECK(status_of(client.ask("manifests/v1")) == 401);
  CHECK(elsewhere.seen().empty());
}

TEST_CASE("a token server that fails a form is asked again within a bound, and its limit is heard by the caller") {
  for (const int status : {500, 502, 503, 504}) {
    CAPTURE(status);
    OAuth2Registry registry;
    registry.answer = [&](const std::string&, httplib::Response& response) { response.status = status; };
    OriginClient client(registry.url());
    const IdentityToken token(client, registry);
    const auto failing = client.ask_again("manifests/v1");
    REQUIRE_FALSE(failing);
    CHECK(failing.error().kind == ErrorKind::unavailable);
    CHECK(registry.forms().size() == 3);
    CHECK_FALSE(registry.has_seen("Basic"));
  }
  OAuth2Registry registry;
  registry.answer = [](const std::string&, httplib::Response& response) {
    response.status = 429;
    response.set_header("Retry-After", "30");
  };
  OriginClient client(registry.url());
  const IdentityToken token(client, registry);
  const auto limited = client.ask_again("manifests/v1");
  REQUIRE_FALSE(limited);
  CHECK(limited.error().retry_after > Milliseconds(20'000));
  CHECK(registry.forms().size() == 1);
}

TEST_CASE("layers that are asked for at once with a refresh token cost one question") {
  OAuth2Registry registry;
  std::promise<void> release;
  registry.held = release.get_future().share();
  OriginClient client(registry.url());
  const IdentityToken token(client, registry);
  std::vector<std::future<Result<origin::Answer>>> asked;
  for (int i = 0; i < 10; ++i) asked.push_back(client.start("blobs/" + std::to_string(i)));
  while (registry.count("/v2/lib/a/blobs/") < 10 || registry.count("/token") < 1) std::this_thread::yield();
  release.set_value();
  for (auto& one : asked) CHECK(status_of(one.get()) == 200);
  CHECK(registry.forms() == std::vector<std::string>{form_of_r1});
}

TEST_CASE("refresh tokens are kept by credential and service, as many as are in use") {
  origin::RefreshTokens tokens;
  tokens.store("a", Secret("1"));
  tokens.store("b", Secret("2"));
  tokens.store("a", Secret());
  CHECK(tokens.find("a")->reveal() == "1");
  tokens.remove("a");
  CHECK_FALSE(tokens.find("a"));
  for (int i = 0; i < 1'000; ++i) tokens.store(std::to_string(i), Secret("x"));
  CHECK_FALSE(tokens.find("b"));
  CHECK(tokens.find("999"));
}
