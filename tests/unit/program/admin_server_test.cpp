#include "shared/program/admin_server.hpp"

#include <httplib.h>

#include <catch2/catch.hpp>
#include <memory>

#include "tests/doubles/loop_thread.hpp"

using namespace shoal;

namespace {

struct Answer {
  int status = 0;
  std::string body;
  std::string type;
};

// An admin server on a loop of its own, and a client.
class Fixture {
 public:
  explicit Fixture(const std::string& listen = "127.0.0.1:0", std::function<std::string()> status = {},
                   const std::string& metrics_listen = "") {
    loop_.on_loop([&] {
      const auto readiness = [this] { return state; };
      const ListenAddresses also = metrics_listen.empty() ? ListenAddresses() : ListenAddresses(metrics_listen);
      admin_ = std::make_unique<program::AdminServer>(
          http::Server::Parts{loop_.loop(), clock_, threads_}, program::AdminOptions{listen, also},
          program::AdminServer::Answers{"tracker", wrong_hosts, readiness, std::move(status)});
    });
    port_ = http::parse_host_port(admin_->address())->port;
    if (!metrics_listen.empty()) metrics_port_ = http::parse_host_port(admin_->metrics_address())->port;
  }
  ~Fixture() {
    loop_.on_loop([this] { admin_.reset(); });
    loop_.stop();
  }

  metrics::Page& page() { return admin_->page(); }
  Answer get(const std::string& path, const std::string& host = "localhost") { return get_at(port_, path, host); }
  Answer get_metrics(const std::string& path, const std::string& host) { return get_at(metrics_port_, path, host); }

  metrics::Counter wrong_hosts;

  void set(program::Readiness now) {
    loop_.on_loop([&] { state = std::move(now); });
  }

 private:
  static Answer get_at(int port, const std::string& path, const std::string& host) {
    httplib::Client client("127.0.0.1", port);
    const auto result = client.Get(path.c_str(), {{"Host", host}});
    REQUIRE(result);
    return {result->status, result->body, result->get_header_value("Content-Type")};
  }

  program::Readiness state;
  test::LoopThread loop_;
  SystemClock clock_;
  http::ServeThreads threads_{clock_, 1};
  std::unique_ptr<program::AdminServer> admin_;
  int port_ = 0;
  int metrics_port_ = 0;
};

}  // namespace

TEST_CASE("health is told while the loop turns, readiness while the program can serve") {
  Fixture f;
  CHECK(f.get("/healthz").status == 200);
  CHECK(f.get("/readyz").status == 503);
  f.set({.phase = program::Phase::serving});
  CHECK(f.get("/readyz").status == 200);
  f.set({.phase = program::Phase::draining});
  CHECK(f.get("/readyz").status == 503);
}

TEST_CASE("readiness says what is amiss, and a program that serves all the same is ready") {
  Fixture f;
  CHECK(f.get("/readyz").body == "{\"status\":\"unavailable\",\"reasons\":[{\"reason\":\"starting\"}]}\n");
  f.set({.phase = program::Phase::serving});
  CHECK(f.get("/readyz").body == "{\"status\":\"ready\",\"reasons\":[]}\n");
  f.set({.phase = program::Phase::serving,
         .reasons = {{"tracker not connected", "http://t:7080", std::chrono::seconds(12)}, {"layers are not stored"}}});
  const Answer degraded = f.get("/readyz");
  CHECK(degraded.status == 200);
  CHECK(degraded.body ==
        R"({"status":"degraded","reasons":[{"reason":"tracker not connected","tracker":"http://t:7080","for_seconds":12},)"
        R"({"reason":"layers are not stored"}]})"
        "\n");
}

TEST_CASE("the metrics are those of the page") {
  Fixture f;
  metrics::Counter joins;
  f.page().add("joins_total", "", "Joins by agents.", joins);
  CHECK(f.get("/metrics").body.find("shoal_tracker_joins_total 0\n") != std::string::npos);
}

TEST_CASE("a status is told by a program that has one") {
  Fixture with("127.0.0.1:0", [] { return std::string("{}"); });
  CHECK(with.get("/v1/status").body == "{}");
  Fixture without;
  CHECK(without.get("/v1/status").status == 404);
}

TEST_CASE("on loopback only an address or localhost names the admin server") {
  Fixture f;
  for (const char* host : {"localhost:7071", "127.0.0.1", "[::1]:7071"}) CHECK(f.get("/healthz", host).status == 200);
  for (const char* host : {"evil.example.com", "evil.example.com:7071", "127.0.0.1.example.com"}) {
    CHECK(f.get("/healthz", host).status == 403);
    CHECK(f.get("/metrics", host).status == 403);
  }
  CHECK(f.wrong_hosts.value() == 6);
}

TEST_CASE("an admin server that other machines reach is called by any name") {
  Fixture f("0.0.0.0:0");
  CHECK(f.get("/healthz", "node1.example.com:7071").status == 200);
}

TEST_CASE("the metrics may be read on an address of their own, where nothing else is") {
  Fixture f("127.0.0.1:0", [] { return std::string("{}"); }, "0.0.0.0:0");
  CHECK(f.get_metrics("/metrics", "node1.example.com:9100").status == 200);
  for (const char* path : {"/v1/status", "/readyz", "/healthz", "/"}) {
    CHECK(f.get_metrics(path, "node1.example.com:9100").status == 404);
  }
  CHECK(f.get("/metrics").status == 200);
}

TEST_CASE("on loopback the metrics' own address is called by an address or localhost too") {
  Fixture f("127.0.0.1:0", {}, "127.0.0.1:0");
  CHECK(f.get_metrics("/metrics", "localhost").status == 200);
  CHECK(f.get_metrics("/metrics", "evil.example.com").status == 403);
}

TEST_CASE("every answer has its type") {
  Fixture f("127.0.0.1:0", [] { return std::string("{}"); });
  CHECK(f.get("/metrics").type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(f.get("/healthz").type == "text/plain; charset=utf-8");
  CHECK(f.get("/v1/status").type == "application/json");
}
