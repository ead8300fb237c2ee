// Where a small layer comes from: the nodes that the tracker names, in order but for those that failed, and the tracker
// once more.
#include "agent/pull/holder_source.hpp"

#include "shared/holder/protocol.hpp"
#include "tests/doubles/http_origin.hpp"
#include "tests/doubles/scripted_server.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const Bytes content = numbered_bytes(5'000);
const Digest digest = digest_of(DigestAlgorithm::sha256, content);
const Milliseconds usual = pull::HedgeLimits{}.usual;
constexpr Milliseconds far = pull::HolderRace::lost_to_quick_after;

// A node that serves these bytes under the layer's name, after some refusals, with this status.
struct ServingNode {
  explicit ServingNode(Bytes bytes, int refusals = 0, int refusal = 404) {
    const std::string proof = "Shoal " + holder::proof(SwarmKey{}, digest);
    http.routes().Get("/v1/small/" + digest.text(),
                      [this, proof, refusals, refusal, bytes = std::move(bytes)](const auto& request, auto& response) {
                        if (request.has_header("Shoal-Hedged")) ++hedged;
                        if (++requests <= refusals || request.get_header_value("Authorization") != proof) {
                          response.status = refusal;
                        } else {
                          response.set_content(std::string(text_of(bytes)), "application/octet-stream");
                        }
                      });
    http.start();
  }
  control::Endpoint endpoint() const { return {"127.0.0.1", static_cast<std::uint16_t>(http.port()), "node", false}; }
  // As the tracker names itself.
  control::Endpoint as_tracker() const { return {"", static_cast<std::uint16_t>(http.port()), "tracker", false}; }

  std::atomic<int> requests = 0;
  std::atomic<int> hedged = 0;
  test::HttpOrigin http;
};

control::Endpoint at(const test::ScriptedServer& server, const std::string& node = "silent") {
  return {"127.0.0.1", static_cast<std::uint16_t>(server.port()), node, false};
}
const control::Endpoint gone{"127.0.0.1", 1, "gone", false};

Task<void> fill_into(pull::HolderSource& source, pull::SharedDownload download, link::TrackerLink* link,
                     control::Joined joined, std::optional<Result<void>>& filled) {
  filled = co_await source.fill(download, link, std::move(joined));
}

struct Stage : TrackedNode {
  explicit Stage() { tracker.host = "127.0.0.1"; }
  void begin(std::vector<control::Endpoint> holders) {
    filled.reset();
    control::Joined joined = joined_to(digest, 1);
    joined.size_bytes = content.size();
    joined.holders = std::move(holders);
    spawn(node.loop, fill_into(source, layer, &link(), std::move(joined), filled));
  }
  Result<void> end() {
    node.run_until([&] { return filled.has_value(); });
    return *filled;
  }
  Result<void> fill(std::vector<control::Endpoint> holders) {
    begin(std::move(holders));
    return end();
  }
  // The first request has gone out and its node is silent; then so much time passes.
  void pass_silence_of(const test::ScriptedServer& silent, Milliseconds time) {
    node.run_until([&] { return silent.requests() > 0; });
    node.clock.advance(time);
  }
  bool rests(const control::Endpoint& endpoint) {
    const ServingNode second(content);  // one that rests is asked after it
    again();
    REQUIRE(fill({endpoint, second.endpoint()}));
    return second.requests == 1;
  }

  void again() {
    layer.reset();
    node.settle();
    layer = download(content);
  }

  pull::HolderSource source{node.parts};
  std::optional<Result<void>> filled;
  pull::SharedDownload layer = download(content);
};

}  // namespace

TEST_CASE("a small layer comes from the first node that sends it right") {
  const ServingNode lacking(content, 1);
  const ServingNode corrupt(numbered_bytes(5'000, 9));
  const ServingNode longer(numbered_bytes(6'000));
  const ServingNode right(content);
  const ServingNode unasked(content);
  Stage stage;
  CHECK(stage.fill({gone, lacking.endpoint(), corrupt.endpoint(), longer.endpoint(),
                    right.endpoint(), unasked.endpoint()}));
  CHECK(stage.layer->filled());
  CHECK(stage.layer->arrival().received().from_holder == content.size());
  CHECK(stage.node.metrics.bytes.holder.value() == content.size());
  CHECK(unasked.requests == 0);
  CHECK(stage.node.metrics.holders.hedged_requests.value() == 0);
}

TEST_CASE("while the first node is silent for longer than usual, the next one is asked too, and its bytes count") {
  const test::ScriptedServer silent("", test::Afterwards::stay_silent);
  const ServingNode tracker(content);
  Stage stage;
  stage.begin({at(silent), tracker.as_tracker()});
  stage.pass_silence_of(silent, usual - Milliseconds(1));
  stage.node.settle();
  CHECK(tracker.requests == 0);
  stage.node.clock.advance(Milliseconds(1));
  CHECK(stage.end());
  CHECK(tracker.hedged == 1);
  CHECK(stage.node.metrics.holders.hedged_requests.value() == 1);
}

TEST_CASE("a node that is silent for half a second while another one has answered at once is asked last for its rest and a minute") {
  const test::ScriptedServer silent("", test::Afterwards::stay_silent);
  const ServingNode tracker(content);
  Stage stage;
  stage.begin({at(silent), tracker.as_tracker()});
  stage.pass_silence_of(silent, usual);
  REQUIRE(stage.end());
  stage.node.settle();
  stage.node.clock.advance(far - usual);
  stage.node.settle();
  CHECK(stage.node.metrics.holders.failed_requests.value() == 1);
  CHECK(stage.tracker.heard<control::Unreachable>() ==
        std::vector<control::Unreachable>{{digest, control::Service::small_layers, at(silent)}});
  stage.again();
  CHECK(stage.fill({at(silent), tracker.as_tracker()}));  // without waiting for the silent one
  CHECK(tracker.requests == 2);
  CHECK(tracker.hedged == 1);
  stage.node.clock.advance(Milliseconds(5'000));
  stage.again();
  CHECK(stage.fill({at(silent), tracker.as_tracker()}));
  CHECK(tracker.requests == 3);
  stage.node.clock.advance(Milliseconds(60'000));
  stage.again();
  stage.begin({at(silent), tracker.as_tracker()});
  stage.node.settle();
  CHECK(tracker.requests == 3);
  stage.node.clock.advance(usual);
  CHECK(stage.end());
}

TEST_CASE("a node that was asked first and is overtaken is asked after the others next time, and nothing is told") {
  const test::ScriptedServer slow("", test::Afterwards::stay_silent);
  const ServingNode second(content);
  Stage stage;
  stage.begin({at(slow), second.endpoint()});
  stage.pass_silence_of(slow, usual);
  REQUIRE(stage.end());
  stage.node.settle();
  CHECK(stage.node.metrics.holders.failed_requests.value() == 0);
  stage.again();
  CHECK(stage.fill({at(slow), second.endpoint()}));
  CHECK(slow.requests() == 1);
  CHECK(second.requests == 2);
  CHECK(stage.node.metrics.holders.failed_requests.value() == 0);
}

TEST_CASE("a node whose first bytes come at once and whose last ones trickle is too slow") {
  const test::ScriptedServer slow("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(4'000, 'x'),
                                  test::Afterwards::trickle);
  const ServingNode busy(content, 1, 503);
  Stage stage;
  stage.begin({at(slow), busy.as_tracker()});
  stage.pass_silence_of(slow, usual);
  const auto let_trickle = [&] { stage.node.run_until([&, some = slow.trickled() + 3] { return slow.trickled() > some; }); };
  let_trickle();
  stage.node.run_until([&] { return busy.requests == 1; });
  stage.node.clock.advance(pull::HolderRace::Speed::apart);
  let_trickle();
  stage.node.clock.advance(2 * usual - pull::HolderRace::Speed::apart);
  CHECK(stage.end());
  CHECK(busy.requests == 2);
  CHECK(stage.node.metrics.holders.failed_requests.value() == 1);
}

TEST_CASE("a node whose head comes and whose bytes do not is remembered, and its request is cancelled") {
  const test::ScriptedServer headless("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", test::Afterwards::stay_silent);
  const ServingNode tracker(content);
  Stage stage;
  stage.begin({at(headless), tracker.as_tracker()});
  stage.pass_silence_of(headless, usual);
  REQUIRE(stage.end());
  stage.node.settle();
  stage.node.clock.advance(far - usual);
  stage.node.settle();
  CHECK(stage.node.metrics.holders.failed_requests.value() == 1);
}

TEST_CASE("a node that refuses the connection or sends wrong bytes is remembered, one that lacks the layer is not") {
  const ServingNode corrupt(numbered_bytes(5'000, 9));
  const ServingNode lacking(content, 1);
  const ServingNode right(content);
  Stage stage;
  CHECK(stage.fill({gone, corrupt.endpoint(), lacking.endpoint(), right.endpoint()}));
  CHECK(stage.node.metrics.holders.failed_requests.value() == 2);
  CHECK(stage.rests(corrupt.endpoint()));
  CHECK_FALSE(stage.rests(lacking.endpoint()));
  CHECK(corrupt.requests == 1);
}

TEST_CASE("a busy node that refuses a hedged request is asked once more while the first one trickles") {
  const test::ScriptedServer cut("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", test::Afterwards::trickle);
  const ServingNode busy(content, 1, 503);
  Stage stage;
  stage.begin({at(cut), busy.as_tracker()});
  stage.pass_silence_of(cut, usual);
  stage.node.run_until([&] { return busy.requests == 1 && cut.trickled() > 3; });
  stage.node.clock.advance(2 * usual);
  CHECK(stage.end());
  CHECK(busy.requests == 2);
  CHECK(stage.node.metrics.holders.failed_requests.value() == 1);  // it trickles
}

TEST_CASE("a busy node is asked again and again beside the first one, with ever longer pauses") {
  const test::ScriptedServer silent("", test::Afterwards::stay_silent);
  const ServingNode busy(content, 2, 503);
  Stage stage;
  stage.begin({at(silent), busy.as_tracker()});
  stage.pass_silence_of(silent, usual);
  for (int asked = 1; asked <= 2; ++asked) {
    stage.node.run_until([&] { return busy.requests == asked; });
    stage.node.settle();
    stage.node.clock.advance((1 << asked) * usual - Milliseconds(1));
    stage.node.settle();
    CHECK(busy.requests == asked);
    stage.node.clock.advance(Milliseconds(1));
  }
  CHECK(stage.end());
  CHECK(busy.hedged == 3);
}

TEST_CASE("a node that waits for the layer itself and does not get it is not remembered as one that failed") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nShoal-Arriving: 1\r\n\r\n";
  const test::ScriptedServer without(head, test::Afterwards::close);
  const ServingNode second(content);
  Stage stage;
  CHECK(stage.fill({at(without), second.endpoint()}));
  CHECK(stage.node.metrics.holders.failed_requests.value() == 0);
  stage.again();
  CHECK(stage.fill({at(without), second.endpoint()}));
  CHECK(without.requests() == 2);
}

TEST_CASE("a node that waits for the layer itself is not asked last because another one was quicker") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nShoal-Arriving: 1\r\n\r\n";
  const test::ScriptedServer waiting(head, test::Afterwards::stay_silent);
  const ServingNode second(content);
  Stage stage;
  stage.begin({at(waiting), second.endpoint()});
  stage.node.run_until([&] { return waiting.requests() > 0; });
  stage.node.settle();
  stage.node.clock.advance(usual);
  REQUIRE(stage.end());
  stage.node.settle();
  stage.node.clock.advance(far - usual);
  stage.node.settle();
  CHECK(stage.node.metrics.holders.failed_requests.value() == 0);
  stage.again();
  stage.begin({at(waiting), second.endpoint()});
  stage.node.run_until([&] { return waiting.requests() == 2; });
  stage.node.clock.advance(usual);
  CHECK(stage.end());
}

TEST_CASE("at most three nodes are asked at once, the tracker among them") {
  const test::ScriptedServer a("", test::Afterwards::stay_silent);
  const test::ScriptedServer b("", test::Afterwards::stay_silent);
  const ServingNode c(content);
  const ServingNode tracker(content, 1);
  Stage stage;
  stage.begin({at(a, "a"), at(b, "b"), c.endpoint(), tracker.as_tracker()});
  stage.pass_silence_of(a, usual);
  stage.pass_silence_of(b, 2 * usual);
  CHECK(stage.end());
  CHECK(tracker.requests == 1);  // before c
  CHECK(c.requests == 1);        // in the place of the tracker, which had no such layer
}

TEST_CASE("the tracker is asked once more after all nodes have failed") {
  const ServingNode slow(content, 1);
  Stage stage;
  CHECK(stage.fill({slow.as_tracker(), gone}));
  CHECK(slow.requests == 2);
  CHECK(stage.layer->filled());
}

TEST_CASE("without a node that sends the layer right it is unavailable, and nothing of it was written") {
  const ServingNode corrupt(numbered_bytes(5'000, 9));
  Stage stage;
  const Result<void> filled = stage.fill({corrupt.endpoint()});
  REQUIRE_FALSE(filled);
  CHECK(filled.error().kind == ErrorKind::unavailable);
  CHECK(stage.layer->arrival().written().held() == 0);
  CHECK(corrupt.requests == 1);
}

TEST_CASE("a small layer that is shorter than the tracker named it is not taken, and no caller waits for the rest") {
  const ServingNode right(content);
  Stage stage;
  control::Joined joined = joined_to(digest, 1);
  joined.size_bytes = content.size() + 1;
  joined.holders = {right.endpoint()};
  const pull::SharedDownload longer = stage.download(numbered_bytes(content.size() + 1));
  spawn(stage.node.loop, fill_into(stage.source, longer, &stage.link(), std::move(joined), stage.filled));
  CHECK_FALSE(stage.end());
  CHECK(longer->arrival().written().held() == 0);
}
