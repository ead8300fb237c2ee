#include <catch2/catch.hpp>

#include "shared/http/client.hpp"
#include "shared/http/server.hpp"

using namespace shoal;
using http::parse_url;
using http::resolve_url;

TEST_CASE("a URL is taken apart and put together again") {
  const auto url = parse_url("HTTPS://Reg.Example.com:5000/v2/a?b=c&d=%2f");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "reg.example.com");
  CHECK(url->port == 5000);
  CHECK(url->target == "/v2/a?b=c&d=%2f");
  CHECK(text(*url) == "https://reg.example.com:5000/v2/a?b=c&d=%2f");
  for (const char* same :
       {"http://a/", "https://a.b/c", "http://[::1]:7070/x", "https://127.0.0.1/?q", "http://a:443/"}) {
    CHECK(text(parse_url(same).value()) == same);
  }
}

TEST_CASE("the port is the scheme's own when none is given") {
  CHECK(parse_url("http://a")->port == 80);
  CHECK(parse_url("https://a")->port == 443);
  CHECK(parse_url("https://a:443")->authority() == "a");
  CHECK(parse_url("https://[fe80::1]")->authority() == "[fe80::1]");
  CHECK(parse_url("http://a")->target == "/");
  CHECK(parse_url("http://a?x")->target == "/?x");
}

TEST_CASE("what is not plainly a web address is refused") {
  for (const char* bad : {"",
                          "a",
                          "//a/",
                          "ftp://a/",
                          "http:/a",
                          "http://",
                          "http:///x",
                          "http://user@a/",
                          "http://user:secret@a/",
                          "http://a/#f",
                          "http://a b/",
                          "http://a/ b",
                          "http://a/\r\nX: y",
                          "http://a:/",
                          "http://a:0/",
                          "http://a:65536/",
                          "http://a:-1/",
                          "http://a:80x/",
                          "http://[::1/",
                          "http://[]/",
                          "http://[::1]x/",
                          "http://[fe80::1%25eth0]/",
                          "http://::1/",
                          "http://a\\b/",
                          "http://a%2eb/",
                          "javascript:alert(1)",
                          "http://\xc3\xa4/"}) {
    INFO(bad);
    const auto url = parse_url(bad);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::refused);
  }
  CHECK(parse_url("http://a/" + std::string(16'000, 'x')));
  CHECK_FALSE(parse_url("http://a/" + std::string(17'000, 'x')));
}

TEST_CASE("a Location is resolved against where it came from") {
  const auto base = parse_url("https://reg.example.com:5000/v2/a/blobs/x?y=z").value();
  const auto resolved = [&](const char* location) { return text(resolve_url(base, location).value()); };
  CHECK(resolved("https://cdn.example.com/q?s=1") == "https://cdn.example.com/q?s=1");
  CHECK(resolved("//cdn.example.com/q") == "https://cdn.example.com/q");
  CHECK(resolved("/other") == "https://reg.example.com:5000/other");
  CHECK(resolved("other?u=http://x/") == "https://reg.example.com:5000/v2/a/blobs/other?u=http://x/");
  CHECK(resolved("../../b/./c") == "https://reg.example.com:5000/v2/b/c");
  CHECK(resolved("../../../../../b") == "https://reg.example.com:5000/b");
  CHECK(resolved("?n=1") == "https://reg.example.com:5000/v2/a/blobs/x?n=1");
  CHECK(resolved("..") == "https://reg.example.com:5000/v2/a/");
  CHECK(resolved("/a/b/") == "https://reg.example.com:5000/a/b/");
  CHECK(resolved("/a#fragment") == "https://reg.example.com:5000/a");
  CHECK(resolved("") == "https://reg.example.com:5000/v2/a/blobs/x?y=z");
  CHECK(resolved("#fragment") == "https://reg.example.com:5000/v2/a/blobs/x?y=z");
  CHECK(resolved("?") == "https://reg.example.com:5000/v2/a/blobs/x?");
  CHECK(resolved("./c?d/../e") == "https://reg.example.com:5000/v2/a/blobs/c?d/../e");
  CHECK(resolved("//cdn.example.com") == "https://cdn.example.com/");
  CHECK(resolved("HTTP://CDN.Example.COM/Path") == "http://cdn.example.com/Path");
  CHECK(resolved("https://cdn.example.com?q") == "https://cdn.example.com/?q");
  CHECK(resolved("https://cdn.example.com./x") == "https://cdn.example.com./x");
  CHECK(resolved("https://cdn.example.com:/x") == "https://cdn.example.com/x");
  CHECK(resolved("//[::1]:8443/x") == "https://[::1]:8443/x");
  CHECK(resolved("https://[2001:DB8::1]/x") == "https://[2001:db8::1]/x");
  CHECK(resolved("https://cdn.example.com/a/../b/./c?d=/../e#f") == "https://cdn.example.com/b/c?d=/../e");
  CHECK(resolved("/a//b/") == "https://reg.example.com:5000/a//b/");
  CHECK_FALSE(resolve_url(base, "ftp://a/b"));
  CHECK_FALSE(resolve_url(base, "javascript:alert(1)"));
  CHECK_FALSE(resolve_url(base, "/a\r\nX: y"));
  for (const char* bad : {"https://user:secret@a/", "//user@a/", "https://@a/", "https:///a", "///a", "https:/a", "https://",
                          "https://a b/", "https://a\\b/", "https://\xc3\xa4/", "https://a:0/", "https://[::1/", "1.2.3.4:80/a",
                          "https://a:b/", "/a\x7f", "/a\tb", "/a\x01"}) {
    INFO(bad);
    CHECK_FALSE(resolve_url(base, bad));
  }
}

TEST_CASE("a Location's characters that no URL has are encoded, and what is encoded stays byte for byte") {
  const auto base = parse_url("https://reg.example.com/v2/a/blobs/x").value();
  const auto target = [&](const std::string& location) { return resolve_url(base, location).value().target; };
  CHECK(target("/a b/c d?e=f g") == "/a%20b/c%20d?e=f%20g");
  CHECK(target("https://cdn.example.com/\xc3\xa4?q=\xe2\x82\xac") == "/%C3%A4?q=%E2%82%AC");
  CHECK(target("/\xff") == "/%FF");
  CHECK(target("/\"<>\\^`{|}?\"<>\\^`{|}") == "/%22%3C%3E%5C%5E%60%7B%7C%7D?%22%3C%3E%5C%5E%60%7B%7C%7D");
  CHECK(target("b c") == "/v2/a/blobs/b%20c");
  CHECK(target("/\\other.example.com/x") == "/%5Cother.example.com/x");
  const std::string presigned =
      "/b/k%2Fx%2fy+z=?X-Amz-Credential=A%2F20261130%2Fus-east-1&X-Amz-Signature=0a~b&x=%20+%7E!$&'()*,;:@/?[%]%zz%";
  CHECK(target("https://s3.example.com" + presigned) == presigned);
  const std::string spaces(16'000, ' ');
  CHECK(target("/" + spaces).size() == 48'001);
  CHECK_FALSE(resolve_url(base, "/" + std::string(17'000, 'x')));
}

TEST_CASE("only scheme, host and port together are the same place") {
  const auto base = parse_url("https://a.b/x").value();
  CHECK(base.same_place(parse_url("https://A.b:443/y").value()));
  CHECK_FALSE(base.same_place(parse_url("http://a.b/x").value()));
  CHECK_FALSE(base.same_place(parse_url("https://b.b/x").value()));
  CHECK_FALSE(base.same_place(parse_url("https://a.b:444/x").value()));
}

TEST_CASE("an address with its port is host and number") {
  CHECK(http::parse_host_port("127.0.0.1:7070")->host == "127.0.0.1");
  CHECK(http::parse_host_port("[::1]:0")->host == "::1");
  CHECK(http::parse_host_port("[::1]:0")->port == 0);
  CHECK(http::parse_host_port("node-1.rack.example:7072")->port == 7072);
  for (const char* bad : {"", "7070", ":7070", "a", "a:", "a:b", "a:70707", "::1:7070", "[::1]", "a:1:2", "a b:1"}) {
    CHECK_FALSE(http::parse_host_port(bad));
  }
}

TEST_CASE("a Host header is a host, whatever its port") {
  CHECK(http::parse_host("Registry.Example.com:5000").value() == "registry.example.com");
  CHECK(http::parse_host("[::1]").value() == "::1");
  CHECK(http::parse_host("127.0.0.1").value() == "127.0.0.1");
  CHECK(http::parse_host("localhost.:7070").value() == "localhost");
  for (const char* own : {"localhost", "localhost.", "LocalHost.:7070", "127.0.0.1.", "[::1]:80"})
    CHECK(http::is_address_or_localhost(own));
  for (const char* other : {"localhost..", "localhost.example.com", "evil.example.com", "."})
    CHECK_FALSE(http::is_address_or_localhost(other));
  for (const char* bad : {"", ".", ":80", "a:b", "a b", "user@host", "a/b", "::1"}) CHECK_FALSE(http::parse_host(bad));
  CHECK(http::is_ip_address("::1"));
  CHECK(http::is_ip_address("10.0.0.1"));
  for (const char* name : {"localhost", "10.0.0.1.example.com", "2130706433", "127.1", ""}) {
    CHECK_FALSE(http::is_ip_address(name));
  }
}

TEST_CASE("only this machine's own addresses are loopback, not a name that looks like one") {
  for (const char* own : {"localhost", "127.0.0.1", "127.9.8.7", "::1"}) CHECK(http::is_loopback(own));
  for (const char* other : {"127.example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0", "::", ""}) {
    CHECK_FALSE(http::is_loopback(other));
  }
}
