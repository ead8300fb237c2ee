#include "shared/origin/redirects.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::origin;

namespace {

Result<Hop> hop(const char* from, const char* location) {
  return next_hop(http::parse_url(from).value(), location);
}

}  // namespace

TEST_CASE("the authorization stays only while scheme, host and port stay") {
  CHECK(hop("https://a.io/x", "/y")->keeps_authorization);
  CHECK(hop("https://a.io/x", "https://A.IO:443/y")->keeps_authorization);
  for (const char* elsewhere : {"https://b.io/y", "https://x.a.io/y", "https://a.io:444/y", "//cdn.a.io/y"}) {
    CHECK_FALSE(hop("https://a.io/x", elsewhere)->keeps_authorization);
  }
  CHECK_FALSE(hop("http://a.io/x", "https://a.io/x")->keeps_authorization);
}

TEST_CASE("https never goes on as http") {
  const auto refused = hop("https://a.io/x", "http://a.io/y?signature=secret");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK_THAT(refused.error().what, !Catch::Contains("secret"));
}

TEST_CASE("https goes on as http where that is allowed") {
  const auto from = http::parse_url("https://a.io/x").value();
  CHECK(next_hop(from, "http://a.io/y", Plain::allowed)->url.scheme == "http");
}

TEST_CASE("a redirect to nowhere is unavailable and does not repeat what it said") {
  CHECK_FALSE(next_hop(http::parse_url("https://a.io/").value(), std::nullopt));
  for (const char* bad :
       {"ftp://a/", "file:///etc/passwd?secret", "https://user:secret@a/", "gopher://a/", "https://a/\r\nsecret"}) {
    const auto nowhere = hop("https://a.io/x", bad);
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().kind == ErrorKind::unavailable);
    CHECK_THAT(nowhere.error().what, !Catch::Contains("secret"));
  }
}

TEST_CASE("five statuses are redirects") {
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) CHECK(is_redirect(status));
  for (const unsigned status : {200U, 300U, 304U, 305U, 306U, 401U}) CHECK_FALSE(is_redirect(status));
}

TEST_CASE("a host is related to a registry by the registry's own domain only") {
  CHECK(is_related_host("ghcr.io", "ghcr.io"));
  CHECK(is_related_host("registry-1.docker.io", "auth.docker.io"));
  CHECK(is_related_host("registry.gitlab.com", "gitlab.com"));
  CHECK(is_related_host("127.0.0.1", "127.0.0.1"));
  CHECK(is_related_host("localhost", "localhost"));
  CHECK_FALSE(is_related_host("ghcr.io", "evil.io"));
  CHECK_FALSE(is_related_host("ghcr.io", "evil.ghcr.io.evil.com"));
  CHECK_FALSE(is_related_host("registry.gitlab.com", "notgitlab.com"));
  CHECK_FALSE(is_related_host("reg.co.uk", "evil.co.uk"));
  CHECK_FALSE(is_related_host("127.0.0.1", "127.0.0.2"));
  CHECK_FALSE(is_related_host("10.0.0.1", "11.0.0.1"));
  CHECK_FALSE(is_related_host("::1", "::2"));
  CHECK_FALSE(is_related_host("localhost", "other"));
}

TEST_CASE("hosts under a domain that anybody can have a name under are unrelated") {
  for (const char* suffix : {"com", "co.uk", "com.au", "me.uk", "ltd.uk", "gob.mx", "k12.ca.us", "kobe.jp", "github.io",
                             "blogspot.com", "local", "internal"}) {
    CAPTURE(suffix);
    CHECK_FALSE(is_related_host(std::string("registry.") + suffix, std::string("evil.") + suffix));
    CHECK_FALSE(is_related_host(std::string("registry.") + suffix, suffix));
    CHECK_FALSE(is_related_host(std::string("registry.") + suffix + ".", std::string("evil.") + suffix + "."));
  }
  CHECK(is_related_host("registry.example.me.uk", "auth.example.me.uk"));
  CHECK(is_related_host("registry.example.gob.mx", "example.gob.mx"));
}

TEST_CASE("two customers of one registry service are unrelated") {
  CHECK_FALSE(is_related_host("acme.azurecr.io", "evil.azurecr.io"));
  CHECK_FALSE(is_related_host("acme.azurecr.io", "azurecr.io"));
  CHECK_FALSE(is_related_host("acme.jfrog.io", "evil.jfrog.io"));
  CHECK_FALSE(is_related_host("europe-docker.pkg.dev", "us-docker.pkg.dev"));
  CHECK_FALSE(is_related_host("1.dkr.ecr.eu-west-1.amazonaws.com", "2.dkr.ecr.eu-west-1.amazonaws.com"));
  CHECK_FALSE(is_related_host("acme.eastus.data.azurecr.io", "evil.eastus.data.azurecr.io"));
  CHECK_FALSE(is_related_host("eu.gcr.io", "gcr.io"));
  CHECK_FALSE(is_related_host("docker.acme.jfrog.io", "acme.jfrog.io"));
  CHECK_FALSE(is_related_host("1.dkr.ecr-fips.us-east-1.amazonaws.com", "2.dkr.ecr-fips.us-east-1.amazonaws.com"));
  CHECK_FALSE(is_related_host("1.dkr-ecr.eu-west-1.on.aws", "2.dkr-ecr.eu-west-1.on.aws"));
  CHECK_FALSE(is_related_host("a.ghcr.io", "b.ghcr.io"));
  CHECK_FALSE(is_related_host("10.0.0.1.nip.io", "9.0.0.1.nip.io"));
  CHECK(is_related_host("registry.notgcr.io", "auth.notgcr.io"));
  CHECK(is_related_host("acme.azurecr.io", "acme.azurecr.io"));
}

TEST_CASE("the final dot of a host changes nothing of what it is related to") {
  CHECK(is_related_host("registry.gitlab.com.", "gitlab.com"));
  CHECK(is_related_host("registry.gitlab.com", "gitlab.com."));
}
