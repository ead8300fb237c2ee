// A registry, its store and its token server limit their requests each by itself.
#include <catch2/catch.hpp>

#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

void limit(httplib::Response& response, const std::string& retry_after) {
  response.status = 429;
  response.set_header("Retry-After", retry_after);
}

bool is_paced(OriginClient& client) {
  return client.on_origin([](const origin::Origin& origin) { return origin.is_paced("reg.test"); });
}

}  // namespace

TEST_CASE("a store behind a redirect has a pace of its own, and the registry is asked meanwhile") {
  FakeRegistry store;
  store.routes().Get("/blob", [](const auto&, auto& response) { limit(response, "30"); });
  store.start();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(),
                        [&](const auto&, auto& response) { response.set_redirect(store.url("/blob")); });
  registry.routes().Get("/v2/lib/a/manifests/v1", [](const auto&, auto& response) { response.set_content("1", "a/b"); });
  registry.start();
  OriginClient client(registry.url());
  for (int i = 0; i < 3; ++i) {
    const auto layer = client.open();
    REQUIRE_FALSE(layer);
    CHECK(layer.error().retry_after > Milliseconds(29'000));
  }
  CHECK(store.seen().size() == 1);
  CHECK(registry.seen().size() == 3);
  CHECK(client.ask("manifests/v1"));
  CHECK_FALSE(is_paced(client));
  CHECK(client.metrics().limited.value() == 1);
}

TEST_CASE("a token server has a pace of its own, and its time is told") {
  FakeRegistry tokens;
  tokens.routes().Get("/token", [](const auto&, auto& response) { limit(response, "30"); });
  tokens.start();
  FakeRegistry registry;
  registry.routes().Get(OriginClient::blob_path(), [&](const auto&, auto& response) {
    response.status = 401;
    response.set_header("WWW-Authenticate", "Bearer realm=\"" + tokens.url("/token") + "\"");
  });
  registry.start();
  OriginClient client(registry.url());
  for (int i = 0; i < 2; ++i) {
    const auto layer = client.open();
    REQUIRE_FALSE(layer);
    CHECK(layer.error().retry_after > Milliseconds(29'000));
  }
  CHECK(tokens.seen().size() == 1);
}

TEST_CASE("a request that is refused for a limit is repeated in its turn, and the caller sees the answer alone") {
  FakeRegistry registry;
  std::atomic<int> asked = 0;
  registry.routes().Get("/v2/lib/a/manifests/v1", [&](const auto&, auto& response) {
    if (asked++ == 0) return limit(response, "2");
    response.set_content("1", "a/b");
  });
  registry.start();
  OriginClient client(registry.url());
  client.options.turns.standstill = Milliseconds(10'000);
  auto answer = client.start("manifests/v1");
  while (client.metrics().limited.value() == 0) std::this_thread::yield();
  client.pass(Milliseconds(1'999));
  CHECK(asked == 1);
  CHECK(is_paced(client));
  client.pass(Milliseconds(300));
  const auto whole = answer.get();
  REQUIRE(whole);
  CHECK(whole->status == 200);
  CHECK(asked == 2);
  CHECK(client.metrics().paced.value() == 1);
}
