#include "shared/origin/challenge.hpp"

#include <catch2/catch.hpp>

using namespace shoal::origin;

TEST_CASE("a Bearer challenge is taken apart as the docker registry writes it") {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")");
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].parameter("realm") == "https://auth.docker.io/token");
  CHECK(challenges[0].parameter("service") == "registry.docker.io");
  CHECK(challenges[0].parameter("scope") == "repository:a/b:pull,push");
  CHECK(challenges[0].parameter("error").empty());
}

TEST_CASE("several challenges in one line are told apart") {
  const auto challenges =
      parse_challenges(R"(Negotiate, NTLM abc==, Basic realm = "a, \"b\"" , charset=UTF-8,,BEARER Realm=x)");
  REQUIRE(challenges.size() == 4);
  CHECK(challenges[0].scheme == "negotiate");
  CHECK(challenges[1].scheme == "ntlm");
  CHECK(challenges[2].scheme == "basic");
  CHECK(challenges[2].parameter("realm") == "a, \"b\"");
  CHECK(challenges[2].parameter("charset") == "UTF-8");
  CHECK(challenges[3].scheme == "bearer");
  CHECK(challenges[3].parameter("realm") == "x");
}

TEST_CASE("the first of two parameters of one name counts") {
  CHECK(parse_challenges(R"(Bearer realm="a", realm="b")").at(0).parameter("realm") == "a");
}

TEST_CASE("what is malformed ends the line, without the challenge it is in") {
  for (const char* bad :
       {"", " ", ",,,", "\"", "=", "Bearer realm=\"unterminated", "Bearer realm=\"a\\", "Bearer realm=@"}) {
    INFO(bad);
    CHECK(parse_challenges(bad).empty());
  }
  CHECK(parse_challenges("Basic realm=\"a\", Bearer realm=\"").size() == 1);
}

TEST_CASE("neither challenges nor parameters are without bound") {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "Basic, ";
  CHECK(parse_challenges(many).size() == 8);
  std::string long_one = "Basic ";
  for (int i = 0; i < 1000; ++i) long_one += "p" + std::to_string(i) + "=x, ";
  CHECK(parse_challenges(long_one).empty());
}
