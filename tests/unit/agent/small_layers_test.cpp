// How an agent serves layers to other nodes.
#include "agent/small_layers.hpp"

#include "shared/holder/protocol.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

const Bytes content = numbered_bytes(5'000);
const Digest digest = digest_of(DigestAlgorithm::sha256, content);

http::Request as_received(const http::ClientRequest& sent) {
  return {.method = sent.method, .path = sent.url.target, .query = "", .headers = sent.headers, .client = ""};
}
http::Request small(const SwarmKey& key = {}) {
  return as_received(holder::small_request({"10.0.0.2", 7073}, key, digest, ByteCount{content.size()}));
}
http::Request held_from(std::uint64_t from, const SwarmKey& key = {}) {
  return as_received(holder::held_request({"10.0.0.2", 7073}, key, digest, from));
}

Task<void> handle(SmallLayers& layers, http::Exchange& exchange, bool& ended) {
  co_await layers.handle(exchange);
  ended = true;
}

struct Asked {
  Asked(TrackedNode& stage, SmallLayers& layers, http::Request request, Signal* reader = nullptr)
      : exchange(std::move(request)) {
    exchange.reader = reader;
    spawn(stage.node.loop, handle(layers, exchange, ended));
    stage.node.settle();
  }
  unsigned status() const { return exchange.head ? exchange.head->status : 0; }

  RecordedExchange exchange;
  bool ended = false;
};

struct Stage : TrackedNode {
  SmallLayers layers{node.clock, node.pulls, node.trackers};
};

}  // namespace

TEST_CASE("a held layer is served whole, by either path, to a node that proves the swarm key") {
  Stage stage;
  stage.held(content);
  for (const http::Request& request : {small(), held_from(0)}) {
    const Asked asked(stage, stage.layers, request);
    CHECK(asked.status() == 200);
    CHECK(asked.exchange.head->length == content.size());
    CHECK_FALSE(http::find_header(asked.exchange.head->headers, holder::arriving_header));
    CHECK(asked.exchange.body == content);
  }
}

TEST_CASE("a tracker that has the beginning of a layer gets the rest") {
  Stage stage;
  stage.held(content);
  const Asked asked(stage, stage.layers, held_from(4'000));
  CHECK(asked.status() == 206);
  CHECK(http::find_header(asked.exchange.head->headers, "Content-Range") == "bytes 4000-4999/5000");
  CHECK(asked.exchange.body == Bytes(content.begin() + 4'000, content.end()));
  CHECK(Asked(stage, stage.layers, held_from(5'000)).status() == 416);
}

TEST_CASE("without a proof nothing is served, and a layer that is not here is not found") {
  Stage stage;
  stage.held(content);
  SwarmKey other{};
  other.fill(std::byte{1});
  CHECK(Asked(stage, stage.layers, small(other)).status() == 401);
  CHECK(Asked(stage, stage.layers, held_from(0, other)).status() == 401);
  Stage empty;
  CHECK(Asked(empty, empty.layers, held_from(0)).status() == 404);
  CHECK(Asked(empty, empty.layers, small()).status() == 404);
}

TEST_CASE("the key of a tracker that is away counts still") {
  Stage stage;
  stage.held(content);
  stage.tracker.hang_up();
  stage.node.settle();
  REQUIRE_FALSE(stage.node.trackers.any_up());
  CHECK(Asked(stage, stage.layers, small()).status() == 200);
}

TEST_CASE("the head of an arriving layer goes at once, its bytes when the digest has matched") {
  Stage stage;
  stage.node.origin.hold();
  stage.node.origin.add(content);
  Reading reading;
  stage.node.read(digest, ByteCount{content.size()}, reading);
  stage.tracker.tell(control::Refused{digest, control::Reason::denied, "no credential", 0});
  stage.node.settle();
  const Asked asked(stage, stage.layers, small());
  CHECK(asked.status() == 200);
  CHECK(http::find_header(asked.exchange.head->headers, holder::arriving_header));
  CHECK(asked.exchange.body.empty());
  stage.node.origin.go_on();
  stage.node.settle();
  CHECK(reading.bytes == content);
  CHECK(asked.exchange.body == content);
}

TEST_CASE("a layer whose bytes do not arrive in time ends the answer early, before the other side gives up") {
  Stage stage;
  stage.node.origin.hold();
  stage.node.origin.add(content);
  Reading reading;
  stage.node.read(digest, ByteCount{content.size()}, reading);
  stage.tracker.tell(control::Refused{digest, control::Reason::denied, "no credential", 0});
  stage.node.settle();
  const Asked asked(stage, stage.layers, small());
  REQUIRE(asked.status() == 200);
  stage.node.clock.advance(holder::limits.serving.arriving);
  stage.node.settle();
  CHECK(asked.ended);
  CHECK(asked.exchange.body.empty());
}

TEST_CASE("a hedged request is refused while eight small layers are being sent, and any other is served") {
  Stage stage;
  stage.held(content);
  const http::Request hedged = as_received(
      holder::hedged(holder::small_request({"10.0.0.2", 7073}, SwarmKey{}, digest, ByteCount{content.size()})));
  Signal reader(stage.node.loop);
  std::deque<Asked> running;
  for (std::size_t i = 0; i < holder::limits.serving.small_when_hedged; ++i) {
    running.emplace_back(stage, stage.layers, hedged, &reader);
    CHECK(running.back().status() == 200);
  }
  CHECK(Asked(stage, stage.layers, hedged).status() == 503);
  CHECK(Asked(stage, stage.layers, small()).status() == 200);
  reader.notify();
  stage.node.settle();
  CHECK(Asked(stage, stage.layers, hedged).status() == 200);
}

TEST_CASE("a hedged request is refused while small layers to two nodes have been leaving for long, as on a full link") {
  Stage stage;
  stage.held(content);
  http::Request hedged = as_received(
      holder::hedged(holder::small_request({"10.0.0.2", 7073}, SwarmKey{}, digest, ByteCount{content.size()})));
  Signal reader(stage.node.loop);
  std::deque<Asked> running;
  for (const char* client : {"10.0.0.3", "10.0.0.4"}) {
    http::Request request = small();
    request.client = client;
    running.emplace_back(stage, stage.layers, request, &reader);
    CHECK(running.back().exchange.send_buffer == holder::limits.serving.small_send_buffer);
  }
  CHECK(Asked(stage, stage.layers, hedged).status() == 200);
  stage.node.clock.advance(holder::Sends::in_time);
  CHECK(Asked(stage, stage.layers, hedged).status() == 503);
  CHECK(Asked(stage, stage.layers, small()).status() == 200);
  reader.notify();
  stage.node.settle();
  CHECK(Asked(stage, stage.layers, hedged).status() == 200);
}

TEST_CASE("four held layers are sent at once, and the next one when one of them has ended") {
  Stage stage;
  stage.held(content);
  Signal reader(stage.node.loop);
  std::deque<Asked> running;
  for (std::size_t i = 0; i < holder::limits.serving.held_at_once; ++i) {
    running.emplace_back(stage, stage.layers, held_from(0), &reader);
    CHECK(running.back().status() == 200);
  }
  CHECK(Asked(stage, stage.layers, held_from(0)).status() == 503);
  CHECK(Asked(stage, stage.layers, small()).status() == 200);  // small layers are not counted
  reader.notify();
  stage.node.settle();
  CHECK(running.back().ended);
  CHECK(Asked(stage, stage.layers, held_from(0)).status() == 200);
}
