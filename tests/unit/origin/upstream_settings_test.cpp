// What an upstream's table says, as its registry, its token server and its proxy see it.
#include <catch2/catch.hpp>

#include "tests/doubles/http_proxy.hpp"
#include "tests/unit/origin/credential_script.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

unsigned status_of(const Result<origin::Answer>& answer) {
  return answer ? answer->status : 0;
}

origin::Upstream& upstream_of(OriginClient& client) {
  return client.options.upstreams["reg.test"];
}

}  // namespace

TEST_CASE("a proxy cache's prefix is in every path and in the scope, and in no link that comes back") {
  FakeRegistry registry;
  registry.routes().Get("/base/v2/hub-proxy/lib/a/tags/list", [&](const auto& request, auto& response) {
    if (request.get_header_value("Authorization") != "Bearer t1") {
      response.status = 401;
      response.set_header("WWW-Authenticate", "Bearer realm=\"" + registry.url("/token") + "\",service=\"reg\"");
      return;
    }
    response.set_header("Link", "</base/v2/hub-proxy/lib/a/tags/list?last=b>; rel=\"next\"");
    response.set_content(R"({"name":"hub-proxy/lib/a","tags":["a","b"]})", "application/json");
  });
  registry.routes().Get("/base/v2/hub-proxy/lib/a/blobs/" + OriginClient::digest().text(), [&](const auto&, auto& response) {
    response.set_content("layer", "application/octet-stream");
  });
  registry.routes().Get("/base/v2/_catalog", [&](const auto&, auto& response) { response.set_content("{}", "application/json"); });
  registry.routes().Get("/token", [](const auto&, auto& response) { response.set_content(R"({"token":"t1"})", "a/b"); });
  registry.start();
  OriginClient client(registry.url("/base/"));
  upstream_of(client).path_prefix = "hub-proxy";
  const auto tags = client.ask("tags/list");
  REQUIRE(status_of(tags) == 200);
  CHECK(tags->links == std::vector<std::string>{"</base/v2/lib/a/tags/list?last=b>; rel=\"next\""});
  bool is_scoped = false;
  for (const auto& request : registry.seen())
    is_scoped = is_scoped || request.target.find("scope=repository%3Ahub-proxy%2Flib%2Fa%3Apull") != std::string::npos;
  CHECK(is_scoped);
  const auto layer = client.open();
  REQUIRE(layer);
  CHECK(layer->size == ByteCount{5});
  CHECK(status_of(client.ask("_catalog", "GET", "", "")) == 200);
}

TEST_CASE("a credential of an auth file is found for the repository with its prefix") {
  FakeRegistry registry;
  registry.routes().Get("/v2/hub/lib/a/manifests/v1", [](const auto& request, auto& response) {
    response.status = request.get_header_value("Authorization") == "Basic bWU6c2VjcmV0" ? 200 : 401;
    response.set_header("WWW-Authenticate", "Basic realm=\"r\"");
  });
  registry.start();
  const TemporaryDirectory directory;
  OriginClient client(registry.url());
  upstream_of(client).path_prefix = "hub";
  upstream_of(client).auth_file = directory.path() + "/auth.json";
  std::ofstream(upstream_of(client).auth_file)
      << R"({"auths":{"127.0.0.1:)" << registry.port() << R"(/hub/lib":{"auth":"bWU6c2VjcmV0"}}})";
  CHECK(status_of(client.ask("manifests/v1")) == 200);
}

TEST_CASE("a helper's credential that ended is asked for again at the next refusal") {
  std::string accepted = "Basic bWU6c2VjcmV0";  // me:secret
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/v1", [&](const auto& request, auto& response) {
    response.status = request.get_header_value("Authorization") == accepted ? 200 : 401;
    response.set_header("WWW-Authenticate", "Basic realm=\"r\"");
  });
  registry.start();
  HelperScript helper(gives_me);
  OriginClient client(registry.url());
  upstream_of(client).credential_helper = helper.path();
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(helper.runs() == "get " + registry.url().substr(7) + "\n");
  accepted = "Basic bWU6cmVuZXdlZA==";  // me:renewed
  helper.write(R"(echo '{"Username":"me","Secret":"renewed"}')");
  client.pass(Milliseconds(60'000));
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(helper.count() == 2);
}

TEST_CASE("a helper that fails is the cause that a caller gets") {
  FakeRegistry registry;
  registry.routes().Get("/v2/lib/a/manifests/v1", [&](const auto&, auto& response) {
    response.status = 401;
    response.set_header("WWW-Authenticate", "Basic realm=\"r\"");
  });
  registry.start();
  HelperScript helper("exit 7");
  OriginClient client(registry.url());
  upstream_of(client).credential_helper = helper.path();
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::unavailable);
  CHECK_THAT(answer.error().what, Catch::Contains("exits with 7"));
}

TEST_CASE("a proxy's file that cannot be read is told, and the registry is not asked without it") {
  FakeRegistry registry;
  registry.start();
  OriginClient client(registry.url());
  upstream_of(client).proxy = {"http://127.0.0.1:1", "/nowhere/user", "/nowhere/password"};
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().what, Catch::Contains("proxy_username_file /nowhere/user"));
  CHECK(registry.seen().empty());
  CHECK(client.metrics().files_unreadable.value() >= 1);
}

namespace {

// Answers those who have the token of its own token server, by names that only a proxy can resolve.
class HiddenRegistry : public FakeRegistry {
 public:
  HiddenRegistry() {
    routes().Get("/v2/lib/a/manifests/v1", [this](const auto& request, auto& response) {
      response.set_content("{}", "application/json");
      if (request.get_header_value("Authorization") == "Bearer t1") return;
      response.status = 401;
      response.set_header("WWW-Authenticate", "Bearer realm=\"" + at("auth.registry.invalid") + "/token\"");
    });
    routes().Get("/token", [](const auto&, auto& response) { response.set_content(R"({"token":"t1"})", "a/b"); });
    routes().set_post_routing_handler([this](const auto& request, auto&) {
      shown_to_registry += request.get_header_value("Proxy-Authorization");
    });
    start();
  }
  std::string at(const std::string& host) const { return "http://" + host + ":" + std::to_string(port()); }
  std::string shown_to_registry;
};

constexpr const char* of_proxy = "Proxy-Authorization: Basic cDpx";  // p:q

}  // namespace

TEST_CASE("a registry and its token server are asked through the environment's proxy, which alone sees its credential") {
  HttpProxy proxy;
  proxy.demand(of_proxy);
  HiddenRegistry registry;
  OriginClient client(registry.at("registry.invalid"));
  client.options.proxies.for_http = http::Proxy{*http::parse_url(proxy.url()), origin::basic_header({"p", Secret("q")})};
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(proxy.heads().size() == 3);
  CHECK(registry.seen().size() == 3);
  CHECK(registry.shown_to_registry.empty());
}

TEST_CASE("a registry is asked through a proxy of its own, and without one when it says none") {
  const TemporaryDirectory directory;
  HttpProxy proxy;
  proxy.demand(of_proxy);
  HiddenRegistry registry;
  OriginClient client(registry.at("registry.invalid"));
  upstream_of(client).proxy = {proxy.url(), directory.path() + "/user", directory.path() + "/password"};
  std::ofstream(upstream_of(client).proxy.username_file) << "p\n";
  std::ofstream(upstream_of(client).proxy.password_file) << "q\n";
  CHECK(status_of(client.ask("manifests/v1")) == 200);
  CHECK(proxy.heads().size() == 3);
  OriginClient direct(registry.at("registry.invalid"));
  direct.options.proxies.for_http = http::Proxy{*http::parse_url(proxy.url()), origin::basic_header({"p", Secret("q")})};
  upstream_of(direct).proxy.url = "";
  CHECK_FALSE(direct.ask("manifests/v1"));
  CHECK(proxy.heads().size() == 3);
}

TEST_CASE("a proxy that refuses is told by its name, and the registry by its own") {
  HttpProxy proxy;
  proxy.demand(of_proxy);
  HiddenRegistry registry;
  OriginClient client(registry.at("registry.invalid"));
  client.options.proxies.for_http = http::Proxy{*http::parse_url(proxy.url()), {}};
  const auto answer = client.ask("manifests/v1");
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().what, Catch::Contains(proxy.url()) && Catch::Contains("proxy_username_file"));
  CHECK(registry.seen().empty());
}
