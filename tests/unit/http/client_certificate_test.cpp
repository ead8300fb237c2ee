// A server that asks its clients for a certificate.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

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

struct Fixture {
  Fixture()
      : server(certificates.issue("server", "IP:127.0.0.1")),
        origin(server.certificate, server.key, certificates.ca_file()) {
    origin.routes().Get("/a", [](const auto&, auto& response) { response.set_content("12345", "a/b"); });
    origin.start();
  }
  Result<Bytes> fetch(const std::string& certificate, const std::string& key) {
    http::ClientRequest request;
    request.url = http::parse_url(origin.url("/a")).value();
    request.ca_file = certificates.ca_file();
    request.certificate = {certificate, key};
    SystemClock clock;
    LoopThread loop;
    return loop.wait_for(fetch_body(clock, request));
  }

  Certificates certificates;
  ServerCertificate server;
  HttpOrigin origin;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a client's certificate is shown to a server that asks for one, and to no other") {
  Fixture f;
  const auto own = f.certificates.issue("client", "DNS:node-1");
  CHECK(f.fetch(own.certificate, own.key).value().size() == 5);

  const std::string both = own.certificate + ".both";
  std::ofstream(both) << content_of(own.certificate) << content_of(own.key);
  CHECK(f.fetch(both, "").value().size() == 5);
}

TEST_CASE("a server that asks for a certificate and gets none, or an unknown one, is told apart from one that is down") {
  Fixture f;
  Certificates strangers;
  const auto unknown = strangers.issue("client", "DNS:node-1");
  for (const auto& shown : {ServerCertificate{}, unknown}) {
    const auto body = f.fetch(shown.certificate, shown.key);
    REQUIRE_FALSE(body);
    CHECK(body.error().kind == ErrorKind::unavailable);
    CHECK(body.error().fault == Fault::certificate_refused);
    CHECK_THAT(body.error().what, Catch::StartsWith(f.origin.authority()));
  }
}

TEST_CASE("a certificate or key that cannot be used is refused by its key and file") {
  Fixture f;
  const auto own = f.certificates.issue("client", "DNS:node-1");
  const auto other = f.certificates.issue("other", "DNS:node-2");
  const std::string rsa = own.key + ".rsa";
  const std::string locked = own.key + ".locked";
  REQUIRE(std::system(("openssl genrsa -out " + rsa + " 2048 2>/dev/null").c_str()) == 0);
  REQUIRE(std::system(("openssl pkey -aes128 -passout pass:x -in " + own.key + " -out " + locked).c_str()) == 0);
  struct Case {
    std::string certificate;
    std::string key;
    std::string said;
  };
  for (const Case& example : {Case{"/nowhere/c.pem", own.key, "client_certificate /nowhere/c.pem: No such file"},
                              Case{own.certificate, "/nowhere/k.pem", "client_key /nowhere/k.pem: No such file"},
                              Case{own.key, own.key, "client_certificate " + own.key + ": no such PEM block in it"},
                              Case{own.certificate, own.certificate, "client_key " + own.certificate},
                              Case{own.certificate, other.key, "it is not the key of client_certificate " + own.certificate},
                              Case{own.certificate, rsa, "it is not the key of client_certificate " + own.certificate},
                              Case{own.certificate, locked, "client_key " + locked},
                              Case{"/tmp", own.key, "client_certificate /tmp: "}}) {
    INFO(example.said);
    const auto body = f.fetch(example.certificate, example.key);
    REQUIRE_FALSE(body);
    CHECK(body.error().kind == ErrorKind::refused);
    CHECK(body.error().fault == Fault::file_unreadable);
    CHECK_THAT(body.error().what, Catch::Contains(example.said));
  }
}
