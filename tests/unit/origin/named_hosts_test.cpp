#include "shared/origin/named_hosts.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

bool names(const std::string& pattern, const std::string& url) {
  return names_host({"other.test", pattern}, *http::parse_url(url));
}

}  // namespace

TEST_CASE("a host is named by itself, at the scheme's own port or at the one that is written") {
  CHECK(names("auth.a.io", "https://auth.a.io/token"));
  CHECK(names("auth.a.io", "http://auth.a.io/token"));
  CHECK(names("auth.a.io:443", "https://auth.a.io/"));
  CHECK(names("auth.a.io:8443", "https://auth.a.io:8443/"));
  CHECK_FALSE(names("auth.a.io", "https://auth.a.io:8443/"));
  CHECK_FALSE(names("auth.a.io:8443", "https://auth.a.io/"));
  CHECK_FALSE(names("auth.a.io", "https://x.auth.a.io/"));
  CHECK_FALSE(names("auth.a.io", "https://a.io/"));
  CHECK(names("127.0.0.1:5000", "http://127.0.0.1:5000/"));
  CHECK(names("[fd00::1]:5000", "http://[fd00::1]:5000/"));
}

TEST_CASE("case and a final dot make no difference") {
  CHECK(names("Auth.A.io", "https://auth.a.IO/"));
  CHECK(names("auth.a.io.", "https://auth.a.io/"));
  CHECK(names("*.a.io", "https://auth.a.io./"));
}

TEST_CASE("a domain with a star is what is below it, at any depth") {
  CHECK(names("*.a.io", "https://auth.a.io/"));
  CHECK(names("*.a.io", "https://x.y.a.io/"));
  CHECK(names("*.a.io:8443", "https://auth.a.io:8443/"));
  CHECK_FALSE(names("*.a.io", "https://a.io/"));
  CHECK_FALSE(names("*.a.io", "https://ba.io/"));
  CHECK_FALSE(names("*.a.io", "https://a.io.evil.test/"));
  CHECK_FALSE(names_host({}, *http::parse_url("https://a.io/")));
}

TEST_CASE("a pattern is a host or a star and a domain") {
  for (const char* good : {"a.io", "a.io:5000", "*.a.io", "*.a.io:5000", "[::1]:5000", "127.0.0.1"}) {
    CAPTURE(good);
    CHECK(is_host_pattern(good));
  }
  for (const char* bad : {"", "*", "*.", "a.*.io", "https://a.io", "a.io/", "a.io/x", "a.io?x", "me@a.io", "a b", "a.io:x",
                          "a.io:0", "a.io#x"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_host_pattern(bad));
    CHECK_FALSE(names_host({bad}, *http::parse_url("https://a.io/")));
  }
}
