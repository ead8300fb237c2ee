// The endpoint as a runtime sees it, and what it counts.
#include "agent/registry/endpoint.hpp"

#include <unistd.h>

#include <fstream>

#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

Task<void> handle(registry::Endpoint& endpoint, RecordedExchange& exchange) {
  co_await endpoint.handle(exchange);
}

struct Fixture {
  explicit Fixture(registry::EndpointOptions options = {}) : endpoint(node.parts, node.pulls, std::move(options), metrics) {}

  RecordedExchange ask(const std::string& path, const std::string& method = "GET", http::Headers headers = {}) {
    headers.push_back({"Host", "127.0.0.1:7070"});
    return ask_as(path, method, std::move(headers));
  }
  RecordedExchange ask_as(const std::string& path, const std::string& method, http::Headers headers) {
    RecordedExchange exchange({.method = method,
                               .path = path,
                               .query = "ns=reg.example.com",
                               .headers = std::move(headers),
                               .client = "127.0.0.1"});
    spawn(node.loop, handle(endpoint, exchange));
    node.settle();
    REQUIRE(exchange.head);
    return exchange;
  }
  std::uint64_t served(pull::Source source) const {
    return metrics.served_bytes.at(static_cast<std::size_t>(source)).value();
  }
  std::uint64_t served() const {
    std::uint64_t sum = 0;
    for (const metrics::Counter& each : metrics.served_bytes) sum += each.value();
    return sum;
  }
  double requests(const std::string& labels) const {
    for (const auto& row : metrics.requests.values()) {
      if (row.labels == labels) return row.value;
    }
    return -1;
  }

  PullingNode node;
  registry::Metrics metrics;
  registry::Endpoint endpoint;
};

std::string blob_path(const Digest& digest) {
  return "/v2/lib/app/blobs/" + digest.text();
}

}  // namespace

TEST_CASE("every byte that a runtime gets counts once, by its source") {
  Fixture f;
  const Bytes content = numbered_bytes(100'000);
  const Digest digest = f.node.origin.add(content);
  CHECK((f.ask(blob_path(digest)).body == content));
  CHECK(f.served(pull::Source::origin) == content.size());
  CHECK(f.ask(blob_path(digest), "GET", {{"Range", "bytes=10-1009"}}).body.size() == 1'000);
  CHECK(f.served(pull::Source::store) == 1'000);
  CHECK(f.ask(blob_path(digest), "HEAD").head->status == 200);
  CHECK(f.served() == content.size() + 1'000);
  CHECK(f.requests("kind=\"blob\",code=\"200\"") == 2);
  CHECK(f.requests("kind=\"blob\",code=\"206\"") == 1);
  CHECK(f.metrics.first_byte.of(0).cumulative().back() == 2);  // not of HEAD
}

TEST_CASE("a layer that there is no room for counts as passed through") {
  Fixture f;
  const Bytes large(65 << 20);  // more than the store has, and more than is kept in memory
  const Digest digest = f.node.origin.add(large);
  CHECK(f.ask(blob_path(digest)).body.size() == large.size());
  CHECK(f.served(pull::Source::passed_through) == large.size());
  CHECK(f.served() == large.size());
}

TEST_CASE("a manifest counts by its source, and a layer of it is of its image") {
  Fixture f;
  f.node.origin.tagged = copy_of(bytes_of(R"({"schemaVersion":2,"layers":[]})"));
  CHECK((f.ask("/v2/lib/app/manifests/v1").body == f.node.origin.tagged));
  CHECK(f.served(pull::Source::origin) == f.node.origin.tagged.size());
  const Digest digest = digest_of(DigestAlgorithm::sha256, f.node.origin.tagged);
  CHECK((f.ask("/v2/lib/app/manifests/" + digest.text()).body == f.node.origin.tagged));
  CHECK(f.served(pull::Source::store) == f.node.origin.tagged.size());
  CHECK(f.requests("kind=\"manifest\",code=\"200\"") == 2);
}

TEST_CASE("a registry that is not configured is refused and counted") {
  Fixture f;
  RecordedExchange exchange({.method = "GET",
                             .path = "/v2/lib/app/manifests/v1",
                             .query = "ns=other.example.com",
                             .headers = {{"Host", "localhost"}},
                             .client = {}});
  spawn(f.node.loop, handle(f.endpoint, exchange));
  f.node.settle();
  REQUIRE(exchange.head);
  CHECK(exchange.head->status == 404);
  CHECK(f.metrics.unknown_registry_requests.value() == 1);
  CHECK(f.requests("kind=\"manifest\",code=\"404\"") == 1);
}

TEST_CASE("a Host that is not ours, a method and a path that are not served are refused and counted") {
  Fixture f;
  CHECK(f.ask_as("/v2/", "GET", {{"Host", "evil.example.com"}}).head->status == 403);
  CHECK(f.metrics.wrong_host_requests.value() == 1);
  CHECK(f.ask("/v2/lib/app/blobs/uploads/", "POST").head->status == 405);
  CHECK(f.ask("/v1/_ping").head->status == 404);
  CHECK(f.metrics.unserved_requests.value() == 2);
  CHECK(f.requests("kind=\"other\",code=\"404\"") == 1);
  CHECK(f.ask("/v2/").head->status == 200);
  CHECK(f.requests("kind=\"base\",code=\"200\"") == 1);
  CHECK(f.served() == 0);
}

TEST_CASE("a layer that the origin does not have is no failure of the pull") {
  Fixture f;
  CHECK(f.ask(blob_path(digest_of(DigestAlgorithm::sha256, numbered_bytes(5, 5)))).head->status == 404);
  CHECK(f.node.metrics.pulls_failed.value() == 0);
  CHECK(f.node.metrics.outcomes.unknown_layers.value() == 1);
  CHECK(f.served() == 0);
}

TEST_CASE("over a socket file any Host is ours") {
  Fixture f;
  RecordedExchange exchange({.method = "GET",
                             .path = "/v2/",
                             .query = "",
                             .headers = {{"Host", "registry"}},
                             .client = "uid 0",
                             .is_by_socket_file = true});
  spawn(f.node.loop, handle(f.endpoint, exchange));
  f.node.settle();
  REQUIRE(exchange.head);
  CHECK(exchange.head->status == 200);
  CHECK(f.metrics.wrong_host_requests.value() == 0);
}

TEST_CASE("with a client header, every request without it is refused and counted, and gets nothing that is held") {
  const std::string file = "/tmp/shoal-test-header-" + std::to_string(::getpid());
  std::ofstream(file) << "X-Client: canary-of-the-runtime\n";
  registry::EndpointOptions options;
  options.client_header_file = file;
  Fixture f(options);
  ::unlink(file.c_str());
  const Digest digest = f.node.origin.add(numbered_bytes(1'000));
  const http::Headers right{{"X-Client", "canary-of-the-runtime"}};
  CHECK(f.ask(blob_path(digest), "GET", right).body.size() == 1'000);
  const std::array paths{std::string("/v2/"), blob_path(digest), std::string("/v2/lib/app/manifests/v1"),
                         std::string("/v2/lib/app/tags/list"), std::string("/other")};
  for (const std::string& path : paths) {
    for (const char* method : {"GET", "HEAD", "POST"}) {
      CAPTURE(path, method);
      const RecordedExchange refused = f.ask(path, method, {{"X-Client", "canary"}});
      CHECK(refused.head->status == 403);
      CHECK(text_of(refused.body).find("canary") == std::string::npos);
    }
  }
  CHECK(f.metrics.unknown_client_requests.value() == 15);
  CHECK(f.served() == 1'000);
  const RecordedExchange told = f.ask("/v2/");
  CHECK(text_of(told.body).find("\"code\":\"DENIED\"") != std::string::npos);
  CHECK(text_of(told.body).find("hosts.toml") != std::string::npos);
}
