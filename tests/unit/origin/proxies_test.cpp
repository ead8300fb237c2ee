// Which URL goes through which proxy. The cases of NO_PROXY are those of golang.org/x/net/http/httpproxy.
#include "shared/origin/proxies.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "shared/origin/upstreams.hpp"
#include "tests/doubles/temporary_directory.hpp"

using namespace shoal;
using namespace shoal::origin;

namespace {

using Variables = std::map<std::string, std::string>;

Result<EnvironmentProxies> read(const Variables& variables) {
  return read_environment_proxies([&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

// "proxy:3128" or "directly".
std::string way(const Variables& variables, const std::string& url) {
  const auto proxies = read(variables);
  if (!proxies) return proxies.error().what;
  const http::Proxy* proxy = find_proxy(*proxies, *http::parse_url(url));
  return proxy == nullptr ? "directly" : proxy->url.authority();
}

bool excepts(const std::string& exceptions, const std::string& url) {
  return is_excepted(exceptions, *http::parse_url(url));
}

}  // namespace

TEST_CASE("a URL goes through the proxy of its scheme") {
  const Variables both{{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:2"}};
  CHECK(way(both, "https://a.io/") == "s:1");
  CHECK(way(both, "http://a.io/") == "p:2");
  CHECK(way({{"HTTP_PROXY", "http://p:2"}}, "https://a.io/") == "directly");
  CHECK(way({{"HTTPS_PROXY", "http://s:1"}}, "http://a.io/") == "directly");
  CHECK(way({}, "https://a.io/") == "directly");
}

TEST_CASE("the upper-case name of a variable counts before the lower-case one") {
  CHECK(way({{"https_proxy", "http://low:1"}}, "https://a.io/") == "low:1");
  CHECK(way({{"http_proxy", "http://low:1"}}, "http://a.io/") == "low:1");
  CHECK(way({{"HTTPS_PROXY", "http://up:1"}, {"https_proxy", "http://low:1"}}, "https://a.io/") == "up:1");
  CHECK(way({{"https_proxy", "http://p:1"}, {"no_proxy", "a.io"}}, "https://a.io/") == "directly");
  CHECK(way({{"https_proxy", "http://p:1"}, {"NO_PROXY", "b.io"}, {"no_proxy", "a.io"}}, "https://a.io/") == "p:1");
}

TEST_CASE("a proxy without a scheme is reached by http, and without a port at 80") {
  CHECK(way({{"HTTPS_PROXY", " proxy:3128 "}}, "https://a.io/") == "proxy:3128");
  CHECK(way({{"HTTPS_PROXY", "proxy"}}, "https://a.io/") == "proxy");
  CHECK(read({{"HTTPS_PROXY", "proxy"}})->for_https->url.port == 80);
  CHECK(way({{"HTTPS_PROXY", "http://[fd00::1]:3128/"}}, "https://a.io/") == "[fd00::1]:3128");
  CHECK(read({{"HTTPS_PROXY", "https://me:secret@proxy"}})->for_https->url.port == 443);
}

TEST_CASE("a proxy that is none is refused by the variable's name, and its password is not shown") {
  for (const char* bad : {"http://me:hunter2@", "socks5://me:hunter2@proxy:1080", "http://me:hunter2@proxy:x",
                          "http://me:hunter2@proxy/path", "http://me:hunter2%@proxy", "ftp://me:hunter2@proxy"}) {
    CAPTURE(bad);
    const auto proxies = read({{"https_proxy", bad}});
    REQUIRE_FALSE(proxies);
    CHECK_THAT(proxies.error().what, Catch::StartsWith("https_proxy ") && !Catch::Contains("hunter2"));
  }
  CHECK_THAT(read({{"HTTP_PROXY", "socks5://p:1"}}).error().what, Catch::Contains("write for example"));
}

TEST_CASE("user and password of the URL are for the proxy, decoded") {
  const auto proxies = read({{"HTTPS_PROXY", "http://me:p%40ss%3Aw@proxy:1"}, {"HTTP_PROXY", "you@proxy:2"}});
  REQUIRE(proxies);
  CHECK(proxies->for_https->url.authority() == "proxy:1");
  CHECK(proxies->for_https->authorization == Secret("Basic bWU6cEBzczp3"));  // me:p@ss:w
  CHECK(proxies->for_http->authorization == Secret("Basic eW91Og=="));       // you:
  CHECK(read({{"HTTPS_PROXY", "http://proxy:1"}})->for_https->authorization.empty());
}

TEST_CASE("loopback addresses and localhost are never asked through the environment's proxy") {
  const Variables proxy{{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:2"}};
  for (const char* url : {"http://localhost:5000/", "https://localhost/", "http://127.0.0.1:5000/", "http://127.9.9.9/",
                          "https://[::1]:5000/"}) {
    CAPTURE(url);
    CHECK(way(proxy, url) == "directly");
  }
  CHECK(way(proxy, "http://10.0.0.1/") == "p:2");
}

TEST_CASE("a domain in NO_PROXY is itself and its subdomains, one behind a dot its subdomains alone") {
  CHECK(excepts("a.io", "https://a.io/"));
  CHECK(excepts("a.io", "https://reg.a.io/"));
  CHECK(excepts("A.IO", "https://Reg.a.io/"));
  CHECK_FALSE(excepts("a.io", "https://ba.io/"));
  CHECK_FALSE(excepts("a.io", "https://a.io.b/"));
  for (const char* dotted : {".a.io", "*.a.io"}) {
    CAPTURE(dotted);
    CHECK(excepts(dotted, "https://reg.a.io/"));
    CHECK_FALSE(excepts(dotted, "https://a.io/"));
  }
  CHECK(excepts("b.io, a.io", "https://a.io/"));
  CHECK(excepts(",, a.io ,", "https://a.io/"));
  CHECK_FALSE(excepts("", "https://a.io/"));
  CHECK_FALSE(excepts(" , ", "https://a.io/"));
  CHECK(excepts("*", "https://anything.io:5000/"));
}

TEST_CASE("a port in NO_PROXY excepts that port alone, the scheme's own too") {
  CHECK(excepts("a.io:5000", "https://a.io:5000/"));
  CHECK(excepts("a.io:443", "https://a.io/"));
  CHECK(excepts("a.io:80", "http://reg.a.io/"));
  CHECK_FALSE(excepts("a.io:5000", "https://a.io/"));
  CHECK(excepts("a.io", "https://a.io:5000/"));
  CHECK(excepts("10.0.0.1:5000", "http://10.0.0.1:5000/"));
  CHECK_FALSE(excepts("10.0.0.1:5000", "http://10.0.0.1:5001/"));
  CHECK(excepts("[fd00::1]:5000", "http://[fd00::1]:5000/"));
  CHECK_FALSE(excepts("a.io:x", "https://a.io/"));
}

TEST_CASE("addresses and networks in NO_PROXY") {
  CHECK(excepts("10.0.0.1", "http://10.0.0.1:5000/"));
  CHECK(excepts("::ffff:10.0.0.1", "http://10.0.0.1/"));
  CHECK(excepts("fd00::1", "http://[fd00:0::1]:5000/"));
  CHECK_FALSE(excepts("10.0.0.1", "http://10.0.0.10/"));
  CHECK(excepts("10.0.0.0/8", "http://10.200.3.4/"));
  CHECK(excepts("10.1.2.128/25", "http://10.1.2.129/"));
  CHECK_FALSE(excepts("10.1.2.128/25", "http://10.1.2.127/"));
  CHECK(excepts("0.0.0.0/0", "http://192.0.2.1/"));
  CHECK_FALSE(excepts("0.0.0.0/0", "http://[fd00::1]/"));
  CHECK(excepts("fd00::/8", "http://[fd12::1]/"));
  CHECK_FALSE(excepts("fd00::/8", "http://[fe80::1]/"));
  CHECK_FALSE(excepts("10.0.0.0/8", "http://registry.test/"));
  for (const char* broken : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "/8", "10.0.0/8", "fd00::/129"}) {
    CAPTURE(broken);
    CHECK_FALSE(excepts(broken, "http://10.0.0.1/"));
  }
}

TEST_CASE("an upstream has the environment's proxy, one of its own, or none") {
  Options options;
  options.proxies = *read({{"HTTPS_PROXY", "http://env:1"}, {"NO_PROXY", "b.io"}});
  options.upstreams["own.io"].proxy.url = "http://own:2";
  options.upstreams["none.io"].proxy.url = "";
  options.upstreams["plain.io"];
  const auto way_of = [&](const std::string& upstream, const std::string& url) {
    const auto proxy = proxy_of(options, upstream, *http::parse_url(url));
    REQUIRE(proxy);
    return *proxy ? (*proxy)->url.authority() : "directly";
  };
  CHECK(way_of("plain.io", "https://plain.io/") == "env:1");
  CHECK(way_of("allowed.io", "https://allowed.io/") == "env:1");
  CHECK(way_of("plain.io", "https://cdn.b.io/") == "directly");
  CHECK(way_of("none.io", "https://none.io/") == "directly");
  // All its URLs: the operator has said it of this very registry.
  for (const char* url : {"https://own.io/", "https://cdn.b.io/", "http://127.0.0.1:5000/"})
    CHECK(way_of("own.io", url) == "own:2");
}

TEST_CASE("an upstream's proxy gets what its files hold now") {
  const TemporaryDirectory directory;
  Options options;
  UpstreamProxy& proxy = options.upstreams["a.io"].proxy;
  proxy = {"http://own:2", directory.path() + "/user", directory.path() + "/password"};
  const http::Url url = *http::parse_url("https://a.io/");
  const auto missing = proxy_of(options, "a.io", url);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().fault == Fault::file_unreadable);
  CHECK_THAT(missing.error().what, Catch::StartsWith("proxy_username_file " + proxy.username_file));
  std::ofstream(proxy.username_file) << "me\n";
  std::ofstream(proxy.password_file) << "secret\n";
  CHECK(proxy_of(options, "a.io", url).value()->authorization == Secret("Basic bWU6c2VjcmV0"));
  std::ofstream(proxy.password_file) << "renewed\n";
  CHECK(proxy_of(options, "a.io", url).value()->authorization == basic_header({"me", Secret("renewed")}));
}
