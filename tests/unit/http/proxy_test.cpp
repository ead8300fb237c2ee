// Requests by way of an HTTP proxy.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "shared/http/kept_connections.hpp"
#include "tests/doubles/certificates.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/http_proxy.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

constexpr const char* credential = "Basic cHJveHk6c2VjcmV0";  // proxy:secret
const http::Reaches public_only{.network = false, .machine = false, .link = false};

Task<Result<std::string>> fetch_body(Clock& clock, http::ClientRequest request) {
  const auto response = co_await http::request(clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  const auto body = co_await http::read_all(**response, 1_MiB);
  if (!body) co_return tl::unexpected(body.error());
  co_return std::to_string((*response)->status()) + " " + std::string(text_of(*body));
}

Result<std::string> fetch(http::ClientRequest request) {
  SystemClock clock;
  LoopThread loop;
  return loop.wait_for(fetch_body(clock, std::move(request)));
}

// Answers "/a" with the names of the headers that it got, and "/port" with the port that the client asks from.
void set_routes(HttpOrigin& origin) {
  origin.routes().Get("/a", [](const httplib::Request& request, httplib::Response& response) {
    std::string names = request.get_header_value("Host");
    if (request.has_header("Authorization")) names += " Authorization";
    if (request.has_header("Proxy-Authorization")) names += " Proxy-Authorization";
    response.set_content(names, "a/b");
  });
  origin.routes().Get("/port", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(std::to_string(request.remote_port), "a/b");
  });
}

http::ClientRequest by_proxy(const std::string& url, const HttpProxy& proxy, const std::string& authorization = "") {
  http::ClientRequest request;
  request.url = http::parse_url(url).value();
  request.proxy = http::Proxy{http::parse_url(proxy.url()).value(), Secret(authorization)};
  request.headers = {{"Authorization", "Basic b3JpZ2lu"}, {"Proxy-Authorization", "Basic Y2FsbGVy"}};
  return request;
}

struct TlsOrigin {
  TlsOrigin() : own(certificates.issue("server", "DNS:registry.invalid,IP:127.0.0.1")), http(own.certificate, own.key) {
    set_routes(http);
    http.start(10);
    authority = "registry.invalid:" + std::to_string(http.port());
  }
  Certificates certificates;
  ServerCertificate own;
  HttpOrigin http;
  std::string authority;
};

}  // namespace

TEST_CASE("https goes through a tunnel to a name that only the proxy resolves, and the proxy sees its own credential alone") {
  TlsOrigin origin;
  HttpProxy proxy;
  proxy.demand(std::string("Proxy-Authorization: ") + credential);
  auto request = by_proxy("https://" + origin.authority + "/a", proxy, credential);
  request.ca_file = origin.certificates.ca_file();
  request.reaches = public_only;  // the proxy's own address is configured, and allowed
  CHECK(fetch(request).value() == "200 " + origin.authority + " Authorization");
  REQUIRE(proxy.heads().size() == 1);
  const std::string head = proxy.heads()[0];
  CHECK_THAT(head, Catch::StartsWith("CONNECT " + origin.authority + " HTTP/1.1\r\nHost: " + origin.authority + "\r\n"));
  CHECK(head.find("\r\nAuthorization") == std::string::npos);
  CHECK(head.find("Y2FsbGVy") == std::string::npos);
}

TEST_CASE("the certificate in a tunnel must be the origin's") {
  TlsOrigin origin;
  HttpProxy proxy;
  auto request = by_proxy("https://other.invalid:" + std::to_string(origin.http.port()) + "/a", proxy);
  request.ca_file = origin.certificates.ca_file();
  const auto answer = fetch(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().fault == Fault::other_host);
}

TEST_CASE("http goes in the absolute form, with the proxy's credential to the proxy alone") {
  HttpOrigin origin;
  set_routes(origin);
  origin.start();
  HttpProxy proxy;
  proxy.demand(std::string("Proxy-Authorization: ") + credential + "\r\n");
  const std::string authority = "registry.invalid:" + std::to_string(origin.port());
  const auto answer = fetch(by_proxy("http://" + authority + "/a?b=c", proxy, credential));
  CHECK(answer.value() == "200 " + authority + " Authorization");
  REQUIRE(proxy.heads().size() == 1);
  CHECK_THAT(proxy.heads()[0], Catch::StartsWith("GET http://" + authority + "/a?b=c HTTP/1.1\r\nHost: " + authority));
  CHECK(proxy.heads()[0].find("Y2FsbGVy") == std::string::npos);
}

TEST_CASE("a proxy that refuses is named, with what is to be done about it, and its credential is not") {
  struct Case {
    const char* answer;
    const char* authorization;
    ErrorKind kind;
    Fault fault;
    const char* said;
  };
  for (const Case& example :
       {Case{"HTTP/1.1 407 Auth\r\n\r\n", "", ErrorKind::refused, Fault::proxy_refused, "none is configured"},
        Case{"HTTP/1.1 407 Auth\r\n\r\n", credential, ErrorKind::refused, Fault::proxy_refused, "does not accept"},
        Case{"HTTP/1.1 403 No\r\n\r\n", "", ErrorKind::refused, Fault::proxy_refused, "registry.invalid (status 403)"},
        Case{"HTTP/1.0 502 Bad\r\n\r\n", "", ErrorKind::unavailable, Fault::none, "registry.invalid (status 502)"},
        Case{"HTTP/1.1 504\r\n\r\n", "", ErrorKind::unavailable, Fault::none, "status 504"},
        Case{"SSH-2.0-x\r\n\r\n", "", ErrorKind::unavailable, Fault::none, "malformed answer"},
        Case{"HTTP/1.1 200 OK\r\n\r\nbytes", "", ErrorKind::unavailable, Fault::none, "before the tunnel is used"},
        Case{"HTTP/1.1 2", "", ErrorKind::unavailable, Fault::none, "closed without an answer"}}) {
    INFO(example.answer);
    HttpProxy proxy;
    proxy.answer_always(example.answer);
    const auto answer = fetch(by_proxy("https://registry.invalid/a", proxy, example.authorization));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == example.kind);
    CHECK(answer.error().fault == example.fault);
    CHECK_THAT(answer.error().what, Catch::Contains("proxy " + proxy.url()) && Catch::Contains(example.said));
    CHECK(answer.error().what.find("cHJv") == std::string::npos);
  }
  HttpProxy proxy;
  proxy.demand("Proxy-Authorization: Basic other");
  const auto plain = fetch(by_proxy("http://registry.invalid/a", proxy, credential));
  REQUIRE_FALSE(plain);
  CHECK(plain.error().kind == ErrorKind::refused);
  CHECK(plain.error().fault == Fault::proxy_refused);
}

TEST_CASE("a proxy that is not there is told apart from a registry that is not there") {
  TlsOrigin origin;
  HttpProxy proxy;
  std::string nowhere;
  {
    const HttpProxy gone;
    nowhere = gone.url();
  }
  auto request = by_proxy("https://" + origin.authority + "/a", proxy);
  request.proxy->url = http::parse_url(nowhere).value();
  const auto unreached = fetch(request);
  REQUIRE_FALSE(unreached);
  CHECK(unreached.error().kind == ErrorKind::unavailable);
  CHECK(unreached.error().fault == Fault::proxy_unreachable);
  CHECK_THAT(unreached.error().what, Catch::StartsWith("proxy " + nowhere + ": connect to"));

  const auto no_origin = fetch(by_proxy("https://registry.invalid:1/a", proxy));
  REQUIRE_FALSE(no_origin);
  CHECK_THAT(no_origin.error().what, Catch::Contains("status 502"));
}

TEST_CASE("a host that is an address is judged before the proxy is asked, in every notation") {
  HttpProxy proxy;
  for (const char* host : {"127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0",
                           "169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "169.254.169.254."}) {
    for (const char* scheme : {"http://", "https://"}) {
      INFO(host);
      auto request = by_proxy(scheme + std::string(host) + "/a", proxy, credential);
      request.reaches = public_only;
      const auto answer = fetch(request);
      REQUIRE_FALSE(answer);
      CHECK(answer.error().kind == ErrorKind::refused);
      CHECK_THAT(answer.error().what, Catch::Contains("[upstreams"));
    }
  }
  CHECK(proxy.heads().empty());
}

TEST_CASE("a connection by way of a proxy is kept for requests by way of the same one") {
  TlsOrigin origin;
  HttpProxy first;
  HttpProxy second;
  SystemClock clock;
  LoopThread loop;
  const auto kept = std::make_shared<http::KeptConnections>();
  const auto port_by = [&](const HttpProxy* proxy, const char* authorization) {
    auto request = by_proxy("https://127.0.0.1:" + std::to_string(origin.http.port()) + "/port", first, authorization);
    if (proxy == nullptr) request.proxy.reset();
    if (proxy != nullptr) request.proxy->url = http::parse_url(proxy->url()).value();
    request.ca_file = origin.certificates.ca_file();
    request.kept = kept;
    return loop.wait_for(fetch_body(clock, request)).value();
  };
  const std::string port = port_by(&first, credential);
  CHECK(port_by(&first, credential) == port);
  CHECK(first.heads().size() == 1);
  CHECK(port_by(&second, credential) != port);
  CHECK(port_by(&first, "Basic other") != port);
  CHECK(port_by(nullptr, credential) != port);
}

TEST_CASE("a proxy may be spoken to in TLS, and must then be the one that the system trusts") {
  TlsOrigin origin;
  const auto own = origin.certificates.issue("proxy", "IP:127.0.0.1");
  HttpProxy proxy(own.certificate, own.key);
  auto request = by_proxy("https://" + origin.authority + "/a", proxy, credential);
  request.ca_file = origin.certificates.ca_file();
  const auto untrusted = fetch(request);
  REQUIRE_FALSE(untrusted);
  CHECK(untrusted.error().fault == Fault::proxy_unreachable);
  CHECK_THAT(untrusted.error().what, Catch::StartsWith("proxy https://127.0.0.1") && Catch::Contains("certificate"));

  ::setenv("SSL_CERT_FILE", origin.certificates.ca_file().c_str(), 1);  // the system's, to OpenSSL
  const auto trusted = fetch(request);
  ::unsetenv("SSL_CERT_FILE");
  CHECK(trusted.value() == "200 " + origin.authority + " Authorization");
  REQUIRE(proxy.heads().size() == 1);
  CHECK_THAT(proxy.heads()[0], Catch::StartsWith("CONNECT "));
}
