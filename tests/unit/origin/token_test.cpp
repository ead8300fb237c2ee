#include "shared/origin/token.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

Result<Token> token_of(const std::string& json) {
  return parse_token(bytes_of(json));
}

Result<http::Url> url_for(const std::string& parameters, const char* registry, bool with_credential) {
  const auto challenge = parse_challenges("Bearer " + parameters).at(0);
  return token_url(challenge, http::parse_url(registry).value(), "library/a", with_credential);
}

}  // namespace

TEST_CASE("a token comes under either name and lives a minute unless it says otherwise") {
  CHECK(token_of(R"({"token":"abc"})")->text == "abc");
  CHECK(token_of(R"({"token":"abc"})")->lifetime == Milliseconds(60'000));
  CHECK(token_of(R"({"access_token":"abc","expires_in":300})")->text == "abc");
  CHECK(token_of(R"({"access_token":"abc","expires_in":300})")->lifetime == Milliseconds(300'000));
  CHECK(token_of(R"({"token":"a","access_token":"b"})")->text == "a");
  CHECK(token_of(R"({"token":"a","expires_in":99999999999999})")->lifetime == std::chrono::hours(24));
  CHECK(token_of(R"({"token":"a","expires_in":-5})")->lifetime == Milliseconds(60'000));
}

TEST_CASE("of a field that is named twice in a token's answer the last one counts") {
  CHECK(token_of(R"({"token":"a","token":"b"})")->text == "b");
  CHECK_FALSE(token_of(R"({"token":"a","token":7})"));
  CHECK(token_of(R"({"token":"a","expires_in":300,"expires_in":"x"})")->lifetime == Milliseconds(60'000));
  CHECK(token_of(R"({"token":"a","inner":{"token":"b"}})")->text == "a");
}

TEST_CASE("a token's answer that passes a limit of the JSON reader is unavailable") {
  CHECK(token_of(R"({"token":"a","refresh_token":")" + std::string(60'000, 'x') + "\"}")->text == "a");
  for (const std::string& bad :
       {R"({"token":"a","refresh_token":")" + std::string(70'000, 'x') + "\"}",
        R"({"token":"a","x":)" + std::string(2'000'000, '[') + std::string(2'000'000, ']') + "}",
        std::string(R"({"token":"a"} {})")}) {
    const auto token = token_of(bad);
    REQUIRE_FALSE(token);
    CHECK(token.error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("what is no token, or would break its header, is unavailable") {
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("[]"), std::string("{}"), std::string(R"({"token":5})"),
        std::string(R"({"token":""})"), std::string(R"({"token":"a\r\nX: y"})"), std::string(R"({"token":"a b"})"),
        "{\"token\":\"" + std::string(40'000, 'x') + "\"}", std::string(100'000, '[')}) {
    const auto token = token_of(bad);
    REQUIRE_FALSE(token);
    CHECK(token.error().kind == ErrorKind::unavailable);
  }
}

TEST_CASE("the token is asked for with the challenge's service and scope, or the repository's own") {
  CHECK(text(url_for(R"(realm="https://auth.a.io/t",service="x&y",scope="repository:b:pull")", "https://reg.a.io", true)
                 .value()) == "https://auth.a.io/t?service=x%26y&scope=repository%3Ab%3Apull");
  CHECK(text(url_for(R"(realm="https://reg.a.io/t?v=2")", "https://reg.a.io", true).value()) ==
        "https://reg.a.io/t?v=2&scope=repository%3Alibrary%2Fa%3Apull");
}

TEST_CASE("a credential goes to no realm outside the registry's domain, and nothing to a weaker scheme") {
  CHECK_FALSE(url_for(R"(realm="https://evil.com/t")", "https://reg.a.io", true));
  CHECK(url_for(R"(realm="https://evil.com/t")", "https://reg.a.io", false));
  CHECK_FALSE(url_for(R"(realm="http://reg.a.io/t")", "https://reg.a.io", true));
  CHECK_FALSE(url_for(R"(realm="http://reg.a.io/t")", "https://reg.a.io", false));
  CHECK(url_for(R"(realm="http://127.0.0.1:1/t")", "http://127.0.0.1:2", true));
  CHECK_FALSE(url_for(R"(realm="not a URL")", "https://reg.a.io", false));
  CHECK_FALSE(url_for(R"(service="x")", "https://reg.a.io", false));
}

TEST_CASE("a challenge without a scope is about the repository, or without one about the catalogue") {
  const auto challenge = parse_challenges("Bearer realm=\"https://auth.example.com/token\"").at(0);
  const auto registry = http::parse_url("https://reg.example.com").value();
  CHECK(token_url(challenge, registry, "lib/a", false)->target.ends_with("scope=repository%3Alib%2Fa%3Apull"));
  CHECK(token_url(challenge, registry, "", false)->target.ends_with("scope=registry%3Acatalog%3A%2A"));
}

TEST_CASE("an authorization is kept until a tenth before it expires, by upstream and repository") {
  Loop loop;
  ManualClock clock(loop);
  Authorizations stored(clock);
  stored.store("a", "r", "one", Milliseconds(1000));
  CHECK(stored.find("a", "r") == "one");
  CHECK(stored.find("a", "s").empty());
  CHECK(stored.find("b", "r").empty());
  clock.advance(Milliseconds(899));
  CHECK(stored.find("a", "r") == "one");
  clock.advance(Milliseconds(1));
  CHECK(stored.find("a", "r").empty());
  stored.store("a", "r", "two", Milliseconds(1000));
  CHECK(stored.find("a", "r") == "two");
  stored.remove("a", "r");
  CHECK(stored.find("a", "r").empty());
}

TEST_CASE("authorizations are bounded; the first to expire makes room") {
  Loop loop;
  ManualClock clock(loop);
  Authorizations stored(clock);
  stored.store("a", "soon", "x", Milliseconds(10));
  for (int i = 0; i < 2000; ++i) stored.store("a", std::to_string(i), "x", Milliseconds(1000 + i));
  CHECK(stored.size() == 1024);
  CHECK(stored.find("a", "soon").empty());
  CHECK(stored.find("a", "1999") == "x");
}
