#include "shared/origin/upstreams.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

Options read(const std::string& toml) {
  Options options;
  config::read_text(toml, "test.toml", [&](config::Section& root) { describe(root, options); });
  return options;
}

std::string url_of(const Options& options, const std::string& name) {
  const auto target = find_upstream(options, name);
  return target ? target->url.scheme + "://" + target->url.authority() + target->url.target : target.error().what;
}

}  // namespace

TEST_CASE("only configured registries and allowed names are ever asked") {
  const auto options = read(R"(
[upstreams]
allow = ["*.example.org", "ghcr.io", "reg.example.com:5000"]
[upstreams."docker.io"]
[upstreams."reg.example.net"]
url = "http://127.0.0.1:5000/prefix/"
insecure = true
)");
  CHECK(url_of(options, "docker.io") == "https://registry-1.docker.io");
  CHECK(url_of(options, "reg.example.net") == "http://127.0.0.1:5000/prefix");
  CHECK(find_upstream(options, "reg.example.net")->insecure);
  CHECK(url_of(options, "ghcr.io") == "https://ghcr.io");
  CHECK(url_of(options, "a.b.example.org") == "https://a.b.example.org");
  CHECK(url_of(options, "reg.example.com:5000") == "https://reg.example.com:5000");
  for (const char* stranger :
       {"example.org", "badexample.org", "a.example.org:5000", "reg.example.com", "127.0.0.1",
        "169.254.169.254", "localhost:80", "a.example.org/b", "user@a.example.org", "[::1]:80", "",
        "evil.com?.example.org", "evil.com#.example.org", "evil.com/.example.org"}) {
    INFO(stranger);
    const auto target = find_upstream(options, stranger);
    REQUIRE_FALSE(target);
    CHECK(target.error().kind == ErrorKind::not_found);
    CHECK_THAT(target.error().what, Catch::Contains("[upstreams"));
  }
  CHECK_FALSE(find_upstream(Options{}, "docker.io"));
}

TEST_CASE("docker.io is Docker's registry when a pattern allows it") {
  CHECK(url_of(read("[upstreams]\nallow = [\"docker.io\"]\n"), "docker.io") == "https://registry-1.docker.io");
}

TEST_CASE("what is printed reads back the same") {
  auto options =
      read("[upstreams]\nallow = [\"*.a.io\"]\n[upstreams.\"b.io:5000\"]\nurl = \"http://c/\"\nca = \"/x.pem\"\n");
  const std::string printed = config::print([&](config::Section& root) { describe(root, options); });
  const auto again = read(printed);
  CHECK(again.allow == options.allow);
  REQUIRE(again.upstreams.count("b.io:5000") == 1);
  CHECK(again.upstreams.at("b.io:5000").url == "http://c/");
  CHECK(again.upstreams.at("b.io:5000").ca == "/x.pem");
}

TEST_CASE("faults in upstreams are reported with their line") {
  const auto fault = [](const std::string& toml) {
    try {
      read(toml);
    } catch (const StartError& error) {
      CHECK(error.exit_code() == 2);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(fault("[upstreams]\nallow = [\"*\"]\n"), Catch::Contains("test.toml:2"));
  CHECK_THAT(fault("[upstreams]\nallow = [\"https://a.io\"]\n"), Catch::Contains("HOST[:PORT]"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\nurl = \"a.io\"\n"), Catch::Contains("http://"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\nurl = \"https://a.io/?x\"\n"), Catch::Contains("query"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\nusername_file = \"/u\"\n"), Catch::Contains("belong together"));
  CHECK_THAT(fault("[upstreams.\"a b\"]\nurl = \"https://a.io\"\n"), Catch::Contains("is not HOST[:PORT]"));
  CHECK_THAT(fault("[upstreams.\"a.io\"]\nuser = \"x\"\n"), Catch::Contains("unknown key"));
}

TEST_CASE("repository names are those of the distribution specification") {
  for (const char* good :
       {"a", "library/alpine", "a/b/c", "a-b", "a--b", "a_b", "a__b", "a.b", "0/1", "a---b/c__d.e"}) {
    INFO(good);
    CHECK(is_repository_name(good));
  }
  for (const char* bad :
       {"",   "/",  "a/", "/a",   "a//b", "A",      "a/B",    "a..b",  "a___b", ".a",  "a.",      "-a",
        "a-", "_a", "a_", "a._b", "a b",  "../etc", "a/../b", "a%2fb", "a:b",   "a@b", "\xc3\xa4"}) {
    INFO(bad);
    CHECK_FALSE(is_repository_name(bad));
  }
  CHECK(is_repository_name(std::string(255, 'a')));
  CHECK_FALSE(is_repository_name(std::string(256, 'a')));
}

TEST_CASE("tags are those of the distribution specification") {
  for (const char* good : {"latest", "1.0", "v1-alpha_2", "_x", "A", "0"}) CHECK(is_tag(good));
  for (const char* bad : {"", ".a", "-a", "a/b", "a:b", "a b", "sha256:abc", "a\n"}) CHECK_FALSE(is_tag(bad));
  CHECK(is_tag(std::string(128, 'a')));
  CHECK_FALSE(is_tag(std::string(129, 'a')));
}

TEST_CASE("files that are missing, and a password without encryption, are noticed") {
  Options options;
  const auto notices = config::read_text(
      "[upstreams.\"a.io\"]\nurl = \"http://a.io\"\nca = \"/nowhere/ca\"\nusername_file = \"/nowhere/user\"\n"
      "password_file = \"/nowhere/password\"\n",
      "f", [&](config::Section& root) { describe(root, options); });
  REQUIRE(notices.size() == 4);
  CHECK_THAT(notices[0].text, Catch::Contains("the password travels unencrypted to a.io"));
  for (std::size_t i = 1; i < 4; ++i) CHECK(notices[i].is_missing_file);
}

TEST_CASE("a password to this machine, or by https, is not noticed") {
  Options options;
  for (const char* url : {"http://127.0.0.1:5000", "https://a.io"}) {
    const auto notices = config::read_text("[upstreams.\"a.io\"]\nurl = \"" + std::string(url) +
                                               "\"\nusername_file = \"/etc/hostname\"\npassword_file = \"/etc/hostname\"\n",
                                           "f", [&](config::Section& root) { describe(root, options); });
    CHECK(notices.empty());
  }
}
