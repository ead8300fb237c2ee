#include "shared/origin/token.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

Result<Token> token_of(const std::string& json) {
  return parse_token(bytes_of(json));
}

Result<http::Url> url_for(const std::string& parameters, const char* registry) {
  const auto challenge = parse_challenges("Bearer " + parameters).at(0);
  return token_url(challenge, http::parse_url(registry).value(), scope_of("library/a"));
}

std::string text_for(const std::string& parameters, const char* registry) {
  const auto url = url_for(parameters, registry);
  return url ? text(*url) : url.error().what;
}

std::string repository_for(const std::string& scope) {
  return repository_of(parse_challenges("Bearer realm=\"x\",scope=\"" + scope + "\"").at(0));
}

}  // namespace

TEST_CASE("a token comes under either name and lives a minute unless it says otherwise") {
  CHECK(token_of(R"({"token":"abc"})")->text == Secret("abc"));
  CHECK(token_of(R"({"token":"abc"})")->lifetime == Milliseconds(60'000));
  CHECK(token_of(R"({"access_token":"abc","expires_in":300})")->text == Secret("abc"));
  CHECK(token_of(R"({"access_token":"abc","expires_in":300})")->lifetime == Milliseconds(300'000));
  CHECK(token_of(R"({"token":"a","access_token":"b"})")->text == Secret("a"));
  CHECK(token_of(R"({"token":"a","expires_in":99999999999999})")->lifetime == std::chrono::hours(24));
  CHECK(token_of(R"({"token":"a","expires_in":"300"})")->lifetime == Milliseconds(300'000));
  for (const char* short_or_odd : {"0", "1", "59", "-5", "300.5", "null", "true", "\"\"", "\"soon\"", "{}", "[300]"}) {
    CAPTURE(short_or_odd);
    const std::string answer = std::string(R"({"token":"a","issued_at":"2026-11-30T12:00:00Z","expires_in":)") + short_or_odd + "}";
    CHECK(token_of(answer)->lifetime == Milliseconds(60'000));
  }
}

TEST_CASE("white space around a token is no part of it") {
  CHECK(token_of("{\"token\":\"abc\\n\"}")->text == Secret("abc"));
  CHECK(token_of("{\"access_token\":\" \\t abc\\r\\n\"}")->text == Secret("abc"));
  CHECK_FALSE(token_of("{\"token\":\" \\n\"}"));
}

TEST_CASE("of a field that is named twice in a token's answer the last one counts") {
  CHECK(token_of(R"({"token":"a","token":"b"})")->text == Secret("b"));
  CHECK_FALSE(token_of(R"({"token":"a","token":7})"));
  CHECK(token_of(R"({"token":"a","expires_in":300,"expires_in":"x"})")->lifetime == Milliseconds(60'000));
  CHECK(token_of(R"({"token":"a","inner":{"token":"b"}})")->text == Secret("a"));
}

TEST_CASE("a token's answer that passes a limit of the JSON reader is unavailable") {
  CHECK(token_of(R"({"token":"a","refresh_token":")" + std::string(60'000, 'x') + "\"}")->text == Secret("a"));
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

TEST_CASE("the token is asked for with the challenge's service and our own scope") {
  CHECK(text_for(R"(realm="https://auth.a.io/t",service="x&y",scope="repository:b:pull,push")", "https://reg.a.io") ==
        "https://auth.a.io/t?service=x%26y&scope=repository%3Alibrary%2Fa%3Apull");
  CHECK(text_for(R"(realm="https://reg.a.io/t?v=2")", "https://reg.a.io") ==
        "https://reg.a.io/t?v=2&scope=repository%3Alibrary%2Fa%3Apull");
}

TEST_CASE("a realm may be relative to the registry") {
  const std::string scope = "?scope=repository%3Alibrary%2Fa%3Apull";
  CHECK(text_for(R"(realm="/t")", "https://reg.a.io:5000/v2/x/manifests/1") == "https://reg.a.io:5000/t" + scope);
  CHECK(text_for(R"(realm="t/u")", "https://reg.a.io/v2/x/manifests/1") == "https://reg.a.io/t/u" + scope);
  CHECK(text_for(R"(realm="//auth.a.io/t")", "https://reg.a.io/v2/") == "https://auth.a.io/t" + scope);
}

TEST_CASE("a realm that is no URL, or plain http for a registry on https, is refused") {
  for (const char* bad : {R"(realm="http://reg.a.io/t")", R"(realm="not a URL")", R"(service="x")", R"(realm="")",
                          R"(realm="ftp://reg.a.io/")", R"(realm="https://me:secret@reg.a.io/")"}) {
    const auto url = url_for(bad, "https://reg.a.io");
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::refused);
    CHECK_THAT(url.error().what, !Catch::Contains("secret"));
  }
  CHECK(url_for(R"(realm="http://127.0.0.1:1/t")", "http://127.0.0.1:2"));
}

TEST_CASE("what is asked for is to pull the repository, or without one to read the catalogue") {
  CHECK(scope_of("lib/a") == "repository:lib/a:pull");
  CHECK(scope_of("") == "registry:catalog:*");
}

TEST_CASE("a challenge is about a repository when it names exactly one") {
  CHECK(repository_for("repository:lib/a:pull,push") == "lib/a");
  CHECK(repository_for("repository:lib/a:pull registry:catalog:*") == "lib/a");
  CHECK(repository_for("repository:lib/a:pull repository:lib/a:push") == "lib/a");
  for (const char* none : {"", "registry:catalog:*", "repository:a:pull repository:b:pull", "repository:", "repository:a",
                           "repository:../a:pull", "repository:A:pull", "repository::pull"}) {
    CAPTURE(none);
    CHECK(repository_for(none).empty());
  }
}
