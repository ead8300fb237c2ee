// Whom the origin has let in, and for how long.
#include "agent/access/grants.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::access;

namespace {

const Time start{};
const Caller caller{{"reg", "team/app"}, Secret("Basic YTpi")};

std::string url_text(std::string text) {
  text = base64_text(bytes_of(text));
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::string token(const std::string& claims) {
  return "Bearer " + url_text(R"({"alg":"ES256"})") + "." + url_text(claims) + ".c2ln";
}

}  // namespace

TEST_CASE("a grant counts for its registry, repository and credential alone, until its end") {
  Grants grants;
  grants.give(caller, start + Milliseconds(1'000));
  CHECK(grants.has(caller, start));
  CHECK_FALSE(grants.has(caller, start + Milliseconds(1'000)));
  for (const Caller& other : {Caller{{"evil", "team/app"}, caller.authorization}, Caller{{"reg", "team/ap"}, caller.authorization},
                              Caller{{"reg", "team/app"}, {}}, Caller{{"reg", "team/app"}, Secret("Basic YTpj")},
                              Caller{{"reg", "team"}, Secret::of({"app\n", caller.authorization.reveal()})}}) {
    CAPTURE(other.repository.upstream, other.repository.name, other.authorization.reveal());
    CHECK_FALSE(grants.has(other, start));
  }
}

TEST_CASE("an ended grant counts again within the grace, and no longer") {
  Grants grants;
  grants.give(caller, start);
  CHECK_FALSE(grants.has(caller, start));
  CHECK(grants.has(caller, start + Milliseconds(999), Milliseconds(1'000)));
  CHECK_FALSE(grants.has(caller, start + Milliseconds(1'000), Milliseconds(1'000)));
}

TEST_CASE("a refusal ends the grant, and is remembered for two seconds for that credential alone") {
  Grants grants;
  grants.give(caller, start + Milliseconds(60'000));
  origin::Answer refusal;
  refusal.status = 401;
  refusal.challenges = {"Basic realm=\"x\"", std::string(10'000, 'x')};
  refusal.body = Bytes(100'000);
  grants.refuse(caller, refusal, start);
  CHECK_FALSE(grants.has(caller, start));
  const origin::Answer* known = grants.refusal_of(caller, start + Milliseconds(1'999));
  REQUIRE(known != nullptr);
  CHECK(known->status == 401);
  CHECK(known->challenges == std::vector<std::string>{"Basic realm=\"x\""});
  CHECK(known->body.empty());
  CHECK(grants.refusal_of(caller, start + Milliseconds(2'000)) == nullptr);
  CHECK(grants.refusal_of({caller.repository, Secret("Basic other")}, start) == nullptr);
  CHECK(grants.refusal_of({{"reg", "team/other"}, caller.authorization}, start) == nullptr);
}

TEST_CASE("no refusal of callers without a credential is remembered, and one that is let in is refused no more") {
  Grants grants;
  const Caller nobody{{"reg", "team/app"}, {}};
  origin::Answer refusal;
  refusal.status = 401;
  grants.refuse(nobody, refusal, start);
  CHECK(grants.refusal_of(nobody, start) == nullptr);
  grants.refuse(caller, refusal, start);
  grants.give(caller, start + Milliseconds(1));
  CHECK(grants.refusal_of(caller, start) == nullptr);
}

TEST_CASE("the table of grants has a bound, and counts those that are live") {
  Grants grants;
  for (std::size_t i = 0; i <= Grants::most; ++i) {
    grants.give({{"reg", "a"}, Secret(std::to_string(i))}, start + Milliseconds(i < 10 ? 1 : 5));
  }
  CHECK_FALSE(grants.has({{"reg", "a"}, Secret("0")}, start));  // it was given longest ago
  CHECK(grants.has({{"reg", "a"}, Secret("1")}, start));
  CHECK(grants.live(start) == Grants::most);
  CHECK(grants.live(start + Milliseconds(2)) == Grants::most - 9);
}

TEST_CASE("a credential's hash is keyed: it differs between processes, and no credential has none") {
  const Grants one;
  const Grants other;
  CHECK(one.credential_hash(Secret("")).empty());
  CHECK(one.credential_hash(Secret("Basic YTpi")).size() == 16);
  CHECK(one.credential_hash(Secret("Basic YTpi")) == one.credential_hash(Secret("Basic YTpi")));
  CHECK(one.credential_hash(Secret("Basic YTpi")) != other.credential_hash(Secret("Basic YTpi")));
  CHECK(one.credential_hash(Secret("Basic YTpi")) != one.credential_hash(Secret("Basic YTpj")));
}

TEST_CASE("a bearer token that is a JSON web token names its end") {
  CHECK(token_end(Secret(token(R"({"exp":1700000000,"access":[]})"))) == std::chrono::seconds(1'700'000'000));
  CHECK(token_end(Secret("bearer" + token(R"({"exp":12})").substr(6))) == std::chrono::seconds(12));
  CHECK(token_end(Secret(token(R"({"exp":12,"exp":13})"))) == std::chrono::seconds(13));
  CHECK(token_end(Secret(token(R"({"a":{"exp":12}})"))) == std::nullopt);
  CHECK(token_end(Secret(token(R"({"exp":"12"})"))) == std::nullopt);
  CHECK(token_end(Secret(token(R"({"exp":-1})"))) == std::nullopt);
  CHECK(token_end(Secret(token(R"({"exp":18446744073709551615})")))->count() > 0);
  for (const char* other : {"", "Bearer ", "Bearer x", "Bearer a.b", "Bearer a.!!.c", "Bearer a..c", "Basic YTpi", "Bearer a.e30"}) {
    CAPTURE(other);
    CHECK(token_end(Secret(other)) == std::nullopt);
  }
  CHECK(token_end(Secret("Bearer a.e30.c")) == std::nullopt);
}

TEST_CASE("a grant counts no longer than the token lives") {
  const std::chrono::seconds now(1'700'000'000);
  const auto ending_in = [&](int seconds) { return Secret(token("{\"exp\":" + std::to_string(now.count() + seconds) + "}")); };
  const Milliseconds most(300'000);
  CHECK(grant_life(Secret("Basic YTpi"), most, now) == most);
  CHECK(grant_life(ending_in(3'600), most, now) == most);
  CHECK(grant_life(ending_in(60), most, now) == Milliseconds(60'000));
  CHECK(grant_life(ending_in(-60), most, now) == Milliseconds(0));
  CHECK(grant_life(Secret(token(R"({"exp":18446744073709551615})")), most, now) == most);
}
