// Callers with different credentials: what the origin answers one is not told another, and each hears its own answer.
#include "agent/registry/endpoint.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const std::string right = "Basic right";
const std::string wrong = "Basic wrong";

Task<void> handle(registry::Endpoint& endpoint, RecordedExchange& exchange) {
  co_await endpoint.handle(exchange);
}

struct Question {
  std::string path;
  std::string authorization{};
  std::string method = "GET";
  std::string range{};
};

RecordedExchange exchange_of(const Question& question) {
  http::Headers headers{{"Host", "127.0.0.1:7070"}};
  if (!question.authorization.empty()) headers.push_back({"Authorization", question.authorization});
  if (!question.range.empty()) headers.push_back({"Range", question.range});
  return RecordedExchange({.method = question.method,
                           .path = question.path,
                           .query = "ns=reg.example.com",
                           .headers = std::move(headers),
                           .client = "127.0.0.1"});
}

std::string blob(const Digest& digest) {
  return "/v2/lib/app/blobs/" + digest.text();
}
std::string manifest(const Digest& digest) {
  return "/v2/lib/app/manifests/" + digest.text();
}

// An agent before an origin that sends layers for `right` alone.
template <class Node>
struct Stage {
  explicit Stage(Node& started) : node(started), endpoint(node.parts, node.pulls, {}, metrics) {
    node.origin.refuses_anonymous = true;
    node.origin.refused_callers = {wrong};
  }
  void start(RecordedExchange& exchange) {
    spawn(node.loop, handle(endpoint, exchange));
    node.settle();
  }
  RecordedExchange ask(const Question& question) {
    RecordedExchange exchange = exchange_of(question);
    start(exchange);
    REQUIRE(exchange.head);
    return exchange;
  }

  Node& node;
  registry::Metrics metrics;
  registry::Endpoint endpoint;
};

void check_refusal(const RecordedExchange& exchange) {
  REQUIRE(exchange.head);
  CHECK(exchange.head->status == 401);
  CHECK(http::header_lines(exchange.head->headers, "WWW-Authenticate") ==
        std::vector<std::string>{"Basic realm=\"origin\"", "Negotiate"});
}

control::Refused refused_by_tracker(const Digest& digest, control::Reason reason = control::Reason::denied) {
  control::Refused refused{digest, reason, "the origin answers 401"};
  refused.answer = control::wire_form(ScriptedOrigin::refusal().answered);
  return refused;
}

}  // namespace

TEST_CASE("the origin's refusal of a layer reaches the caller with its challenges, for each kind of question") {
  PullingNode node;
  Stage stage(node);
  const Digest layer = node.origin.add(numbered_bytes(600'000));
  const Digest small = node.origin.add(copy_of(bytes_of("{}")));
  const std::string wanted = GENERATE(as<std::string>(), "", wrong);
  check_refusal(stage.ask({blob(layer), wanted}));
  check_refusal(stage.ask({blob(small), wanted}));
  check_refusal(stage.ask({manifest(small), wanted}));
  check_refusal(stage.ask({manifest(small), wanted, "HEAD"}));
  CHECK_THAT(stage.ask({blob(layer), wanted}).head->body, Catch::Contains("UNAUTHORIZED") && Catch::Contains("log in"));
  CHECK(node.metrics.pulls_failed.value() == 0);
  CHECK(node.metrics.outcomes.refused_layers.value() == 5);
}

TEST_CASE("a part that the origin refuses is refused to its caller alone") {
  PullingNode node;
  Stage stage(node);
  const Digest layer = node.origin.add(numbered_bytes(600'000));
  check_refusal(stage.ask({blob(layer), "", "GET", "bytes=100-199"}));
  CHECK(stage.ask({blob(layer), right, "GET", "bytes=100-199"}).head->status == 206);
}

TEST_CASE("after a refusal the caller with a credential gets the layer, and then all get it from the store") {
  PullingNode node;
  Stage stage(node);
  const Bytes content = numbered_bytes(600'000);
  const Digest layer = node.origin.add(content);
  check_refusal(stage.ask({blob(layer)}));
  CHECK((stage.ask({blob(layer), right}).body == content));
  CHECK((stage.ask({blob(layer)}).body == content));
  CHECK(node.origin.opened_as == std::vector<std::string>{"", right});
}

TEST_CASE("a caller who waits for another's question is not told its refusal, but asks with its own credential") {
  PullingNode node;
  Stage stage(node);
  const Bytes content = numbered_bytes(600'000);
  const Digest layer = node.origin.add(content);
  node.origin.are_answers_held = true;
  std::deque<RecordedExchange> exchanges;
  for (const std::string& caller : {std::string(), wrong, right, std::string()}) {
    stage.start(exchanges.emplace_back(exchange_of({blob(layer), caller})));
  }
  node.origin.go_on();
  node.settle();
  check_refusal(exchanges[0]);
  check_refusal(exchanges[1]);
  REQUIRE(exchanges[2].head);
  CHECK(exchanges[2].head->status == 200);
  CHECK((exchanges[2].body == content));
  check_refusal(exchanges[3]);
  CHECK(node.origin.opened_as == std::vector<std::string>{"", wrong, right});
}

TEST_CASE("a size that a manifest names is no promise of the origin's: another caller waits for the first byte") {
  PullingNode node;
  Stage stage(node);
  const Bytes content = numbered_bytes(600'000);
  pull::Ask ask{.digest = node.origin.add(content),
                .kind = origin::Kind::blob,
                .repository = {"reg", "lib/app"},
                .size_hint = ByteCount{content.size()},
                .authorization = Secret(wrong)};
  node.origin.are_answers_held = true;
  Reading refused;
  Reading served;
  spawn(node.loop, read_all(node.pulls, ask, refused));
  node.settle();
  ask.authorization = Secret(right);
  spawn(node.loop, read_all(node.pulls, ask, served));
  node.settle();
  CHECK_FALSE(served.ended);
  node.origin.go_on();
  node.settle();
  REQUIRE(refused.error);
  REQUIRE(refused.error->answered);
  CHECK(refused.error->answered->status == 401);
  CHECK_FALSE(served.error);
  CHECK((served.bytes == content));
}

TEST_CASE("a caller's credential goes to a tracker on this machine, and to no other") {
  const std::string host = GENERATE(as<std::string>(), "127.0.0.1", "::1", "10.0.0.1");
  TrackedNode tracked;
  tracked.tracker.host = host;
  Stage stage(tracked.node);
  const Digest layer = tracked.node.origin.add(numbered_bytes(600'000));
  RecordedExchange exchange = exchange_of({blob(layer), right});
  stage.start(exchange);
  const auto joins = tracked.tracker.heard<control::Join>();
  REQUIRE(joins.size() == 1);
  CHECK(joins[0].has_credential);
  CHECK(joins[0].credential == Secret(host == "10.0.0.1" ? "" : right));
}

TEST_CASE("an agent that the tracker lets fetch asks the origin with its caller's credential at once") {
  TrackedNode tracked;
  Stage stage(tracked.node);
  const Bytes content = numbered_bytes(600'000);
  const Digest layer = tracked.node.origin.add(content);
  RecordedExchange exchange = exchange_of({blob(layer), right});
  stage.start(exchange);
  tracked.tracker.tell(refused_by_tracker(layer, control::Reason::own_fetch));
  tracked.node.settle();
  CHECK((exchange.body == content));
  CHECK(tracked.node.origin.opened_as == std::vector<std::string>{right});
  CHECK(tracked.tracker.count<control::Holds>() == 1);
}

TEST_CASE("the origin's answer to the tracker reaches an anonymous caller when this node cannot reach the origin") {
  TrackedNode tracked;
  Stage stage(tracked.node);
  const Digest layer = tracked.node.origin.add(numbered_bytes(600'000));
  tracked.node.origin.is_out_of_reach = true;
  RecordedExchange anonymous = exchange_of({blob(layer)});
  stage.start(anonymous);
  tracked.tracker.tell(refused_by_tracker(layer));
  tracked.node.settle();
  check_refusal(anonymous);
  RecordedExchange known = exchange_of({blob(layer), right});
  stage.start(known);
  tracked.tracker.tell(refused_by_tracker(layer));
  tracked.node.settle();
  REQUIRE(known.head);
  CHECK(known.head->status == 503);
}

TEST_CASE("the base answers as the registry that the client means, to each credential its own") {
  PullingNode node;
  Stage stage(node);
  node.origin.base_credential = right;
  check_refusal(stage.ask({"/v2/"}));
  check_refusal(stage.ask({"/v2/", wrong}));
  CHECK(stage.ask({"/v2/", right}).head->status == 200);
  check_refusal(stage.ask({"/v2/"}));
  check_refusal(stage.ask({"/v2/", "", "HEAD"}));
  CHECK(node.origin.bases_asked.size() == 3);  // the last ones were remembered
  node.clock.advance(registry::Base::remembered);
  check_refusal(stage.ask({"/v2/"}));
  CHECK(node.origin.bases_asked.size() == 4);
}

TEST_CASE("the base is 200 at once for a client that means no registry, and in time for a registry that is silent") {
  PullingNode node;
  Stage stage(node);
  node.origin.base_credential = right;
  RecordedExchange nobody({.method = "GET", .path = "/v2/", .query = "", .headers = {{"Host", "localhost"}}, .client = {}});
  stage.start(nobody);
  REQUIRE(nobody.head);
  CHECK(nobody.head->status == 200);
  CHECK(node.origin.bases_asked.empty());
  node.origin.are_answers_held = true;
  RecordedExchange silent = exchange_of({"/v2/"});
  stage.start(silent);
  CHECK_FALSE(silent.head);
  node.clock.advance(registry::Base::patience);
  node.settle();
  REQUIRE(silent.head);
  CHECK(silent.head->status == 200);
  CHECK(stage.ask({"/v2/"}).head->status == 200);
  CHECK(node.origin.bases_asked.size() == 1);
}
