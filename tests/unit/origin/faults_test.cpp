// A registry that cannot be reached: what is said, and that the next requests do not pay for it.
#include "shared/origin/faults.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/doubles/certificates.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/origin/origin_fixture.hpp"

using namespace shoal;
using namespace shoal::test;

namespace {

// A port of this machine on which nothing listens.
std::string closed_port() {
  ScriptedServer gone("", Afterwards::close);
  return std::to_string(gone.port());
}

Error error_of(OriginClient& client) {
  const auto layer = client.open();
  REQUIRE_FALSE(layer);
  return layer.error();
}

bool says(const Error& error, const std::string& words) {
  return error.what.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a port on which nothing listens is named, with the key to look at") {
  OriginClient client("http://127.0.0.1:" + closed_port());
  const Error error = error_of(client);
  CHECK(error.fault == Fault::port_closed);
  CHECK(origin::lasts(error));
  CHECK(says(error, "Connection refused; nothing listens there"));
  CHECK(says(error, "`url` of [upstreams.\"reg.test\"]"));
}

TEST_CASE("a name without an address is no fault of a moment") {
  OriginClient client("http://no-such-host.invalid");
  const Error error = error_of(client);
  CHECK(error.fault == Fault::no_name);
  CHECK(origin::lasts(error));
  CHECK(says(error, "no-such-host.invalid"));
}

TEST_CASE("a port without TLS that is configured as https is told so") {
  FakeRegistry plain;
  plain.start();
  OriginClient client("https://127.0.0.1:" + std::to_string(plain.port()));
  const Error error = error_of(client);
  CHECK(error.fault == Fault::not_tls);
  CHECK(says(error, "this port does not speak TLS; is `url` of [upstreams.\"reg.test\"] http://?"));
}

TEST_CASE("a port with TLS that is configured as http is told so") {
  Certificates makes;
  const auto own = makes.issue("server", "IP:127.0.0.1");
  SECTION("it closes the connection") {
    FakeRegistry registry(own.certificate, own.key);
    registry.start();
    OriginClient client("http://127.0.0.1:" + std::to_string(registry.port()));
    const Error error = error_of(client);
    CHECK(error.fault == Fault::tls_expected);
    CHECK(says(error, "this port speaks TLS; is `url` of [upstreams.\"reg.test\"] https://?"));
  }
  SECTION("it answers with a record") {
    ScriptedServer alert(std::string("\x15\x03\x01\x00\x02\x02\x46", 7), Afterwards::close);
    OriginClient client(alert.url(""));
    CHECK(error_of(client).fault == Fault::tls_expected);
  }
}

TEST_CASE("a registry that answers 400 to plain HTTP is believed unless its port speaks TLS") {
  FakeRegistry plain;
  const std::string type = GENERATE("a/b", "application/json");
  plain.routes().Get("/v2/lib/a/manifests/v1", [&](const auto&, auto& response) {
    response.status = 400;
    response.set_content("no", type);
  });
  plain.start();
  OriginClient client(plain.url());
  const auto answer = client.ask("manifests/v1");
  REQUIRE(answer);
  CHECK(answer->status == 400);
  CHECK(text_of(answer->body) == "no");
}

TEST_CASE("a certificate that is not trusted is told with the key that names its issuer") {
  Certificates makes;
  const auto own = makes.issue("server", "IP:127.0.0.1");
  FakeRegistry registry(own.certificate, own.key);
  registry.start();
  OriginClient client(registry.url());
  const Error error = error_of(client);
  CHECK(error.kind == ErrorKind::refused);
  CHECK(error.fault == Fault::issuer_unknown);
  CHECK(says(error, "`ca` of [upstreams.\"reg.test\"]"));
}

TEST_CASE("a certificate for another host is told") {
  Certificates makes;
  const auto own = makes.issue("server", "DNS:other.example");
  FakeRegistry registry(own.certificate, own.key);
  registry.start();
  OriginClient client(registry.url());
  client.options.upstreams["reg.test"].ca = makes.ca_file();
  const Error error = error_of(client);
  CHECK(error.fault == Fault::other_host);
  CHECK(says(error, "the certificate is for another host"));
}

TEST_CASE("who cannot be reached is not asked by the next ones, and is asked again after five seconds") {
  const std::string port = closed_port();
  OriginClient client("http://127.0.0.1:" + port);
  const Error first = error_of(client);
  CHECK(client.metrics().unreachable.value() == 1);
  for (int i = 0; i < 3; ++i) CHECK(error_of(client).what == first.what);
  CHECK_FALSE(client.ask("manifests/v1"));
  CHECK(client.metrics().unreachable.value() == 1);
  CHECK(client.metrics().spared.value() == 4);
  const auto may_ask = [](const origin::Origin& origin) { return origin.may_ask("reg.test"); };
  CHECK(client.on_origin(may_ask).error().what == first.what);
  client.pass(Milliseconds(5'000));
  CHECK(client.on_origin(may_ask));
  CHECK_FALSE(client.open());
  CHECK(client.metrics().unreachable.value() == 2);
  client.pass(Milliseconds(9'999));
  CHECK_FALSE(client.on_origin(may_ask));
}

TEST_CASE("a registry that is back is asked by all again") {
  // Its certificate's issuer becomes known, which is easier made than a port that is listened on again.
  Certificates makes;
  const auto own = makes.issue("server", "IP:127.0.0.1");
  FakeRegistry guarded(own.certificate, own.key);
  guarded.routes().Get("/v2/lib/a/manifests/v1", [](const auto&, auto& response) { response.set_content("1", "a/b"); });
  guarded.start();
  OriginClient client(guarded.url());
  const std::string ca = makes.ca_file() + ".later";
  std::ofstream(ca) << std::ifstream(Certificates().ca_file()).rdbuf();
  client.options.upstreams["reg.test"].ca = ca;
  CHECK(client.ask("manifests/v1").error().fault == Fault::issuer_unknown);
  std::ofstream(ca) << std::ifstream(makes.ca_file()).rdbuf();
  CHECK_FALSE(client.ask("manifests/v1"));
  client.pass(Milliseconds(5'000));
  CHECK(client.ask("manifests/v1"));
  CHECK(client.ask("manifests/v1"));
  CHECK(client.metrics().unreachable.value() == 1);
}

TEST_CASE("files of the configuration that cannot be read are counted at the start, and told when they are needed") {
  OriginClient client("https://127.0.0.1:" + closed_port());
  auto& upstream = client.options.upstreams["reg.test"];
  upstream.ca = "/no/such/ca.pem";
  upstream.username_file = "/no/such/user";
  upstream.password_file = "/no/such/password";
  const auto files = origin::unreadable_files(client.options);
  REQUIRE(files.size() == 3);
  CHECK(files[0].key == "ca");
  CHECK(files[0].cause == "/no/such/ca.pem: cannot be read, is empty or too long");
  CHECK(files[2].key == "password_file");
  CHECK(client.metrics().files_unreadable.value() == 3);
}

TEST_CASE("a certificate file that cannot be read is told with its key, and not remembered") {
  Certificates makes;
  const auto own = makes.issue("server", "IP:127.0.0.1");
  FakeRegistry registry(own.certificate, own.key);
  registry.start();
  OriginClient client(registry.url());
  client.options.upstreams["reg.test"].ca = "/no/such/ca.pem";
  for (int i = 0; i < 2; ++i) {
    const Error error = error_of(client);
    CHECK(error.kind == ErrorKind::refused);
    CHECK(error.fault == Fault::file_unreadable);
    CHECK(says(error, "ca /no/such/ca.pem: No such file or directory"));
  }
  CHECK(client.metrics().files_unreadable.value() == 3);
  CHECK(client.metrics().spared.value() == 0);
}

TEST_CASE("a registry that may not be asked is counted") {
  OriginClient client("http://127.0.0.1:1");
  const auto unknown = [](const origin::Origin& origin) { return origin.may_ask("other.test"); };
  CHECK(client.on_origin(unknown).error().kind == ErrorKind::not_found);
}
