// docker's config.json and podman's auth.json. Source of the cases: containers-auth.json(5).
#include "shared/origin/auth_file.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

// "user:password", with "+token" when there is a refresh token, "helper at server", "nothing", or the fault.
std::string chosen(const std::string& text, const std::string& registry, const std::string& repository = "lib/a") {
  const auto file = parse_auth_file(text);
  if (!file) return file.error().what;
  const auto choice = choose(*file, *http::parse_url(registry), repository);
  if (!choice) return choice.error().what;
  if (!choice->helper.empty()) return choice->helper + " at " + choice->server;
  if (!choice->credential) return "nothing";
  const Secret& refresh = choice->credential->refresh_token;
  return choice->credential->username + ":" + std::string(choice->credential->password.reveal()) +
         (refresh.empty() ? "" : "+" + std::string(refresh.reveal()));
}

bool names(const std::string& text, const std::string& registry) {
  return names_registry(*parse_auth_file(text), *http::parse_url(registry));
}

constexpr const char* of_me = R"({"auth":"bWU6c2VjcmV0"})";     // me:secret
constexpr const char* of_you = R"({"auth":"eW91OmhpZGRlbg=="})";  // you:hidden

std::string auths(const std::string& entries) {
  return R"({"auths":{)" + entries + "}}";
}

std::string entry(const std::string& key, const std::string& value) {
  return "\"" + key + "\":" + value;
}

}  // namespace

TEST_CASE("an entry is found by the registry's host and port") {
  const std::string file = auths(entry("reg.example.com", of_me) + "," + entry("reg.example.com:5000", of_you));
  CHECK(chosen(file, "https://reg.example.com/") == "me:secret");
  CHECK(chosen(file, "https://REG.example.com:443/base") == "me:secret");
  CHECK(chosen(file, "https://reg.example.com:5000/") == "you:hidden");
  CHECK(chosen(file, "https://reg.example.com:5001/") == "nothing");
  CHECK(chosen(file, "https://example.com/") == "nothing");
  CHECK(chosen(file, "https://sub.reg.example.com/") == "nothing");
}

TEST_CASE("the shapes of a key that docker and podman write are the same") {
  for (const char* key : {"reg.example.com", "Reg.Example.com", "https://reg.example.com", "https://reg.example.com/v2/",
                          "http://reg.example.com/v1/", "reg.example.com/", "reg.example.com/v1/", "reg.example.com:443"}) {
    CAPTURE(key);
    CHECK(chosen(auths(entry(key, of_me)), "https://reg.example.com/") == "me:secret");
  }
}

TEST_CASE("docker's own registry has several names, and a mirror of it is not one") {
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"}) {
    CAPTURE(key);
    CHECK(chosen(auths(entry(key, of_me)), "https://registry-1.docker.io/") == "me:secret");
    CHECK(chosen(auths(entry(key, of_me)), "https://mirror.example.com/") == "nothing");
  }
}

TEST_CASE("the longest part of the repository's name that the file has counts") {
  const std::string file = auths(entry("reg.test/team", of_you) + "," + entry("reg.test", of_me) + "," +
                                 entry("reg.test/team/app/x", R"({"auth":"eDp5"})"));
  CHECK(chosen(file, "https://reg.test/", "team/app") == "you:hidden");
  CHECK(chosen(file, "https://reg.test/", "team") == "you:hidden");
  CHECK(chosen(file, "https://reg.test/", "team/app/x") == "x:y");
  CHECK(chosen(file, "https://reg.test/", "teams/app") == "me:secret");
  CHECK(chosen(file, "https://reg.test/", "") == "me:secret");
  CHECK(chosen(auths(entry("reg.test/team", of_me)), "https://reg.test/", "other/app") == "nothing");
}

TEST_CASE("an entry may have its user and password apart, or a password with colons and line breaks") {
  CHECK(chosen(auths(entry("a.io", R"({"username":"me","password":"pw"})")), "https://a.io/") == "me:pw");
  CHECK(chosen(auths(entry("a.io", R"({"auth":"bWU6YTpi"})")), "https://a.io/") == "me:a:b");
  CHECK(chosen(auths(entry("a.io", R"({"auth":"X2pzb25fa2V5OnsKfQ=="})")), "https://a.io/") == "_json_key:{\n}");
  CHECK(chosen(auths(entry("a.io", R"({"auth":"bWU6cHcAAA=="})")), "https://a.io/") == "me:pw");
}

TEST_CASE("an identity token is a refresh token, and stands in for a password, of a user of zeros at Azure's registries") {
  const std::string token = R"({"auth":"MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwOg==","identitytoken":"t1"})";
  CHECK(chosen(auths(entry("x.azurecr.io", token)), "https://x.azurecr.io/") == "00000000-0000-0000-0000-000000000000:t1+t1");
  CHECK(chosen(auths(entry("x.azurecr.io", R"({"identitytoken":"t1"})")), "https://x.azurecr.io/") ==
        "00000000-0000-0000-0000-000000000000:t1+t1");
  CHECK(chosen(auths(entry("a.io", R"({"identitytoken":"t1"})")), "https://a.io/") == "<token>:t1+t1");
  CHECK(chosen(auths(entry("a.io", R"({"auth":"bWU6c2VjcmV0","identitytoken":"t1"})")), "https://a.io/") == "me:secret+t1");
}

TEST_CASE("a helper of the registry is asked before the file's entries, and the store after them") {
  const std::string file = R"({"auths":{"a.io":{"auth":"bWU6c2VjcmV0"},"b.io":{}},"credHelpers":{"a.io":"one"},"credsStore":"all"})";
  CHECK(chosen(file, "https://a.io/") == "one at a.io");
  CHECK(chosen(file, "https://b.io/") == "all at b.io");
  CHECK(chosen(file, "https://c.io:5000/") == "all at c.io:5000");
  CHECK(chosen(file, "https://registry-1.docker.io/") == "all at https://index.docker.io/v1/");
  CHECK(chosen(R"({"auths":{"a.io":{"auth":"bWU6c2VjcmV0"}},"credsStore":"all"})", "https://a.io/") == "me:secret");
}

TEST_CASE("a file names a registry by its host, by one of its repositories, by a helper or by a store") {
  CHECK(names(auths(entry("a.io", of_me)), "https://a.io/"));
  CHECK(names(auths(entry("a.io/team", of_me)), "https://a.io/"));
  CHECK(names(R"({"credHelpers":{"a.io":"x"}})", "https://a.io/"));
  CHECK(names(R"({"credsStore":"x"})", "https://a.io/"));
  CHECK_FALSE(names(auths(entry("a.io", "{}")), "https://a.io/"));
  CHECK_FALSE(names(auths(entry("a.io.test", of_me)), "https://a.io/"));
  CHECK_FALSE(names("{}", "https://a.io/"));
}

TEST_CASE("a malformed entry is a fault of that registry alone, and shows nothing of the secret") {
  for (const char* bad : {"c2VjcmV0", "!!!", "bWU6c2VjcmV0=", "c2Vj"}) {
    CAPTURE(bad);
    const std::string file = auths(entry("a.io", R"({"auth":")" + std::string(bad) + R"("})") + "," + entry("b.io", of_me));
    CHECK(chosen(file, "https://a.io/") == "the entry of a.io is not base64 of USER:PASSWORD; log in to that registry again");
    CHECK(chosen(file, "https://b.io/") == "me:secret");
  }
}

TEST_CASE("what is no such file is refused, and values of other types count for nothing") {
  for (const char* bad : {"", "[]", "\"x\"", "{", "nonsense", "[{\"auths\":{}}]"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_auth_file(bad));
  }
  CHECK(chosen(R"({"auths":[{"a.io":{"auth":"bWU6c2VjcmV0"}}]})", "https://a.io/") == "nothing");
  CHECK(chosen(R"({"auths":{"a.io":{"auth":5}},"credsStore":{},"credHelpers":{"a.io":null}})", "https://a.io/") == "nothing");
  CHECK(chosen(R"({"HttpHeaders":{"User-Agent":"x"},"auths":{"a.io":{"auth":"bWU6c2VjcmV0","email":"x"}}})",
               "https://a.io/") == "me:secret");
}
