#include <catch2/catch.hpp>

#include "shared/http/client.hpp"
#include "tests/doubles/certificates.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/loop_thread.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

Task<Result<Bytes>> fetch_body(Clock& clock, http::ClientRequest request) {
  const auto response = co_await http::request(clock, std::move(request));
  if (!response) co_return tl::unexpected(response.error());
  auto body = co_await http::read_all(**response, 1_MiB);
  co_return body;
}

// A TLS server whose certificate is for `names`, and clients of it.
class TlsFixture {
 public:
  explicit TlsFixture(const std::string& names)
      : own_(certificates_.issue("server", names)), origin_(own_.certificate, own_.key) {
    origin_.routes().Get("/a",
                         [](const auto&, auto& response) { response.set_content(std::string(40'000, 'x'), "a/b"); });
    origin_.start();
  }
  std::string ca_file() const { return certificates_.ca_file(); }
  Result<Bytes> fetch(const std::string& ca_file, bool insecure = false, const std::string& host = "127.0.0.1") {
    http::ClientRequest request;
    request.url = http::parse_url("https://" + host + ":" + std::to_string(origin_.port()) + "/a").value();
    request.ca_file = ca_file;
    request.insecure = insecure;
    SystemClock clock;
    LoopThread loop;
    return loop.wait_for(fetch_body(clock, request));
  }

 private:
  Certificates certificates_;
  ServerCertificate own_;
  HttpOrigin origin_;
};

}  // namespace

TEST_CASE("a server whose certificate names it and comes from the given CA is believed") {
  TlsFixture server("IP:127.0.0.1,DNS:localhost");
  const auto by_address = server.fetch(server.ca_file());
  REQUIRE(by_address);
  CHECK(by_address->size() == 40'000);
  CHECK(server.fetch(server.ca_file(), false, "localhost"));
}

TEST_CASE("a certificate for another name is refused") {
  TlsFixture server("DNS:other.example,IP:127.0.0.2");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto body = server.fetch(server.ca_file(), false, host);
    REQUIRE_FALSE(body);
    CHECK(body.error().kind == ErrorKind::refused);
    CHECK_THAT(body.error().what, Catch::Contains("certificate"));
  }
}

TEST_CASE("a certificate of an unknown CA is refused, whoever the system trusts") {
  TlsFixture server("IP:127.0.0.1");
  Certificates others;
  for (const std::string& trusted : {others.ca_file(), std::string()}) {
    const auto body = server.fetch(trusted);
    REQUIRE_FALSE(body);
    CHECK(body.error().kind == ErrorKind::refused);
  }
}

TEST_CASE("insecure accepts any certificate") {
  TlsFixture server("DNS:other.example");
  CHECK(server.fetch("", true));
}

TEST_CASE("a file of trusted certificates that cannot be read is refused by its name") {
  TlsFixture server("IP:127.0.0.1");
  const auto body = server.fetch("/nowhere/ca.pem");
  REQUIRE_FALSE(body);
  CHECK(body.error().kind == ErrorKind::refused);
  CHECK_THAT(body.error().what, Catch::Contains("/nowhere/ca.pem"));
}

TEST_CASE("a server that does not speak TLS is unavailable") {
  HttpOrigin origin;
  origin.start();
  http::ClientRequest request;
  request.url = http::parse_url("https://" + origin.authority() + "/").value();
  SystemClock clock;
  LoopThread loop;
  const auto body = loop.wait_for(fetch_body(clock, request));
  REQUIRE_FALSE(body);
  CHECK(body.error().kind == ErrorKind::unavailable);
}
