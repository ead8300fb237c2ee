// The endpoint before callers whom the origin lets in, and others: for layers that are held, arriving and new.
#include "agent/registry/endpoint.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr const char* type = "application/vnd.oci.image.manifest.v1+json";
const std::string alice = "Basic YWxpY2U6cHc=";
const std::string mallory = "Basic bWFsbG9yeTpwdw==";

// A private image at reg.example.com, of which Alice may have all; at evil.example.com everything is Mallory's.
struct Stage {
  Stage() {
    const std::string text = std::string(R"({"schemaVersion":2,"mediaType":")") + type + R"(","config":{"digest":")" +
                             config.text() + R"(","size":)" + std::to_string(config_bytes.size()) +
                             R"(},"layers":[{"digest":")" + layer.text() + R"(","size":)" +
                             std::to_string(layer_bytes.size()) + R"(}],"subject":{"digest":")" + subject.text() +
                             R"(","size":400}})";
    manifest_bytes = copy_of(bytes_of(text));
    manifest = node.origin.add(manifest_bytes);
    node.origin.guard = [this](const origin::Repository& of, const std::string& path, const std::string& authorization) {
      if (of.upstream == "evil.example.com") return evil_has_all || !path.ends_with(layer.text()) ? 200U : 404U;
      if (authorization != alice) return 401U;
      return of.name == "team/app" || path.ends_with(shared.text()) ? 200U : 404U;
    };
  }

  RecordedExchange ask(const std::string& what, const std::string& authorization, const std::string& method = "GET",
                       http::Headers headers = {}) {
    RecordedExchange exchange(request(what, authorization, method, std::move(headers)));
    spawn(node.loop, handle(endpoint, exchange));
    node.settle();
    REQUIRE(exchange.head);
    return exchange;
  }
  http::Request request(const std::string& what, const std::string& authorization, const std::string& method,
                        http::Headers headers) const {
    headers.push_back({"Host", "127.0.0.1:7070"});
    if (!authorization.empty()) headers.push_back({"Authorization", authorization});
    return {.method = method,
            .path = "/v2/" + repository + "/" + what,
            .query = "ns=" + registry,
            .headers = std::move(headers),
            .client = "127.0.0.1"};
  }
  static Task<void> handle(registry::Endpoint& endpoint, RecordedExchange& exchange) {
    co_await endpoint.handle(exchange);
  }
  // As containerd pulls.
  void pull(const std::string& authorization) {
    origin::Answer head;
    head.status = 200;
    head.content_type = type;
    head.digest = manifest.text();
    head.length = manifest_bytes.size();
    node.origin.answers["HEAD"] = head;
    CHECK(ask("manifests/v1", authorization, "HEAD").head->status == 200);
    node.origin.answers.clear();
    CHECK((ask("manifests/" + manifest.text(), authorization).body == manifest_bytes));
    CHECK((ask("blobs/" + config.text(), authorization).body == config_bytes));
    CHECK((ask("blobs/" + layer.text(), authorization).body == layer_bytes));
  }
  std::vector<std::string> paths() const {
    return {"manifests/v1", "manifests/" + manifest.text(), "blobs/" + config.text(), "blobs/" + layer.text()};
  }

  std::string registry = "reg.example.com";
  std::string repository = "team/app";
  bool evil_has_all = false;
  PullingNode node{{}, {}, http::connect_websocket, {50_MiB, {}, origin::access_origin}};
  registry::Metrics metrics;
  registry::Endpoint endpoint{node.parts, node.pulls, {}, metrics};
  Bytes config_bytes = numbered_bytes(2'000);
  Bytes layer_bytes = numbered_bytes(100'000);
  Digest config = node.origin.add(config_bytes);
  Digest layer = node.origin.add(layer_bytes);
  Digest shared = node.origin.add(numbered_bytes(300));
  Digest subject = node.origin.add(numbered_bytes(400));
  Bytes manifest_bytes;
  Digest manifest = layer;
};

}  // namespace

TEST_CASE("a pull as containerd does it asks the origin nothing but what the pull itself needs") {
  Stage stage;
  stage.pull(alice);
  CHECK(stage.node.origin.methods == std::vector<std::string>{"HEAD"});
  CHECK(stage.node.origin.opened == 3);
  stage.pull(alice);  // all is held
  CHECK(stage.node.origin.methods == std::vector<std::string>{"HEAD", "HEAD"});
  CHECK(stage.node.origin.opened == 3);
}

TEST_CASE("no byte of a held private image goes to a caller whom the origin refuses, which gets the challenge") {
  Stage stage;
  stage.pull(alice);
  for (const std::string& caller : {std::string(), mallory}) {
    for (const std::string& path : stage.paths()) {
      for (const char* method : {"GET", "HEAD"}) {
        for (const http::Headers& headers : {http::Headers{}, http::Headers{{"Range", "bytes=1-9"}},
                                             http::Headers{{"If-None-Match", "\"" + stage.layer.text() + "\""}}}) {
          CAPTURE(caller, path, method);
          const auto answer = stage.ask(path, caller, method, headers);
          CHECK(answer.head->status == 401);
          CHECK(http::find_header(answer.head->headers, "WWW-Authenticate").value_or("").starts_with("Basic"));
          CHECK((answer.body != stage.layer_bytes && answer.body != stage.manifest_bytes));
          CHECK_FALSE(http::find_header(answer.head->headers, "Docker-Content-Digest"));
        }
      }
    }
  }
  CHECK((stage.ask("blobs/" + stage.layer.text(), alice).body == stage.layer_bytes));
}

TEST_CASE("no byte of an arriving private layer goes to a caller whom the origin refuses") {
  Stage stage;
  stage.node.origin.hold();
  RecordedExchange entitled(stage.request("blobs/" + stage.layer.text(), alice, "GET", {}));
  spawn(stage.node.loop, Stage::handle(stage.endpoint, entitled));
  stage.node.settle();
  for (const std::string& caller : {std::string(), mallory}) {
    CHECK(stage.ask("blobs/" + stage.layer.text(), caller).head->status == 401);
    CHECK(stage.ask("blobs/" + stage.layer.text(), caller, "GET", {{"Range", "bytes=0-9"}}).head->status == 401);
    CHECK(stage.ask("blobs/" + stage.layer.text(), caller, "HEAD").head->status == 401);
  }
  stage.node.origin.go_on();
  stage.node.run_until([&] { return entitled.body.size() == stage.layer_bytes.size(); });
  CHECK((entitled.body == stage.layer_bytes));
}

TEST_CASE("a held layer of one repository is not served in another one of the same registry and caller") {
  Stage stage;
  stage.pull(alice);
  stage.repository = "team/other";
  CHECK(stage.ask("blobs/" + stage.layer.text(), alice).head->status == 404);
  CHECK(stage.ask("blobs/" + stage.layer.text(), alice, "HEAD").head->status == 404);
  CHECK(stage.ask("manifests/" + stage.manifest.text(), alice).head->status == 404);
}

TEST_CASE("a registry's manifest gives no right to a held layer that the registry never had") {
  Stage stage;
  stage.pull(alice);
  const int asked = stage.node.origin.asked;
  stage.registry = "evil.example.com";
  // Its manifest, which names the layer, is read; the layer is another registry's.
  CHECK(stage.ask("manifests/" + stage.manifest.text(), mallory).head->status == 200);
  CHECK(stage.ask("blobs/" + stage.layer.text(), mallory).head->status == 404);
  CHECK(stage.ask("blobs/" + stage.layer.text(), mallory, "GET", {{"Range", "bytes=0-9"}}).head->status == 404);
  CHECK(stage.node.origin.asked > asked);
  stage.evil_has_all = true;  // it has the same layer by now
  CHECK((stage.ask("blobs/" + stage.layer.text(), mallory).body == stage.layer_bytes));
}

TEST_CASE("what a manifest calls its subject is asked for at the origin") {
  Stage stage;
  stage.pull(alice);
  const int asked = stage.node.origin.asked;
  CHECK(stage.ask("manifests/" + stage.subject.text(), alice).head->status == 200);
  CHECK(stage.node.origin.asked == asked + 1);
}

TEST_CASE("a size that another registry's manifest gives a layer is not this one's") {
  Stage stage;
  const std::string lie = R"({"schemaVersion":2,"layers":[{"digest":")" + stage.layer.text() + R"(","size":5}]})";
  const Digest lying = stage.node.origin.add(copy_of(bytes_of(lie)));
  stage.registry = "evil.example.com";
  CHECK(stage.ask("manifests/" + lying.text(), mallory).head->status == 200);
  stage.registry = "reg.example.com";
  const auto head = stage.ask("blobs/" + stage.layer.text(), alice, "HEAD");
  CHECK(head.head->length == stage.layer_bytes.size());
  CHECK((stage.ask("blobs/" + stage.layer.text(), alice).body == stage.layer_bytes));
}

TEST_CASE("while the registry is down a private layer is closed with 503 that says so, and a live grant goes on") {
  Stage stage;
  stage.pull(alice);
  stage.node.origin.is_out_of_reach = true;
  CHECK(stage.ask("blobs/" + stage.layer.text(), alice).head->status == 200);
  stage.node.clock.advance(Milliseconds(300'000));
  const auto closed = stage.ask("blobs/" + stage.layer.text(), alice);
  CHECK(closed.head->status == 503);
  CHECK(text_of(closed.body).find("offline_grace") != std::string::npos);
  CHECK(stage.ask("blobs/" + stage.layer.text(), "", "HEAD").head->status == 503);
}

TEST_CASE("a credential that was revoked reads what is here for the grant's time alone") {
  Stage stage;
  stage.pull(alice);
  stage.node.origin.guard = [](const origin::Repository&, const std::string&, const std::string&) { return 401U; };
  CHECK(stage.ask("blobs/" + stage.layer.text(), alice).head->status == 200);
  stage.node.clock.advance(Milliseconds(300'000));
  CHECK(stage.ask("blobs/" + stage.layer.text(), alice).head->status == 401);
}

TEST_CASE("a tag that is refused ends the grant at once") {
  Stage stage;
  stage.pull(alice);
  stage.node.origin.guard = [](const origin::Repository&, const std::string&, const std::string&) { return 401U; };
  CHECK(stage.ask("manifests/v1", alice).head->status == 401);
  CHECK(stage.ask("blobs/" + stage.layer.text(), alice).head->status == 401);
}

TEST_CASE("what a list of referrers names needs no further question") {
  Stage stage;
  stage.pull(alice);
  const std::string list = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":")" +
                           stage.shared.text() + R"(","size":300}]})";
  stage.node.origin.tagged = copy_of(bytes_of(list));
  CHECK(stage.ask("referrers/" + stage.manifest.text(), alice).head->status == 200);
  const int asked = stage.node.origin.asked;
  CHECK(stage.ask("manifests/" + stage.shared.text(), alice).head->status == 200);
  CHECK(stage.node.origin.asked == asked);
}
