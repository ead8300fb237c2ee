// Readers of parts of a layer that other nodes hold.
#include "agent/registry/blobs.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr std::size_t size = 4'000'000;
const PieceLayout layout(ByteCount{size});

Task<void> answer(registry::Blobs& blobs, RecordedExchange& exchange, Digest digest) {
  registry::BlobRoute route{{"reg", "lib/app"}, digest};
  co_await blobs.answer(exchange, std::move(route));
}

// The tracker knows who has the layer, once `held` was called.
struct Stage : TrackedNode {
  Stage() : content(numbered_bytes(size)), digest(node.origin.add(content)) {}

  void held() {
    control::Joined joined = joined_to(digest, 1);
    joined.size_bytes = size;
    joined.piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value);
    joined.peers = {{"10.0.0.9", 7072, "node-9", false}};
    tracker.answer_joins_with(joined);
  }
  void not_held() { tracker.tell(control::Refused{digest, control::Reason::not_found, "no node holds the layer", 0, false}); }
  RecordedExchange& ask(std::uint64_t first, std::uint64_t length) {
    exchanges.emplace_back(http::Request{
        .method = "GET",
        .path = "/",
        .query = {},
        .headers = {{"Range", "bytes=" + std::to_string(first) + "-" + std::to_string(first + length - 1)}},
        .client = {}});
    spawn(node.loop, answer(blobs, exchanges.back(), digest));
    node.settle();
    return exchanges.back();
  }
  void pass(Milliseconds time) {
    node.clock.advance(time);
    node.settle();
  }
  RecordingSwarm::Joined& swarm() {
    REQUIRE(node.swarm.swarms.size() == 1);
    return node.swarm.swarms.begin()->second;
  }
  void deliver(PieceIndex piece) {
    const auto written = write(*node.pulls.running().at(digest), content, piece);
    node.swarm.report(node.swarm.swarms.begin()->first, swarm::PieceArrived{written, false});
    node.settle();
  }
  void is_part(const RecordedExchange& exchange, std::size_t first, std::size_t length) const {
    REQUIRE(exchange.head);
    CHECK(exchange.head->status == 206);
    CHECK((exchange.body == Bytes(content.begin() + static_cast<std::ptrdiff_t>(first),
                                  content.begin() + static_cast<std::ptrdiff_t>(first + length))));
  }

  Bytes content;
  Digest digest;
  registry::Metrics metrics;
  registry::ImagePulls images{node.loop, node.clock, metrics};
  registry::Blobs blobs{node.parts, node.pulls, images, {}};
  std::deque<RecordedExchange> exchanges;
};

const std::uint64_t middle = layout.offset(layout.count() / 2);

}  // namespace

TEST_CASE("the first part comes by Range while holders are looked for, the next ones from them, before all else") {
  Stage f;
  f.held();
  f.is_part(f.ask(0, 2), 0, 2);
  CHECK(f.tracker.heard<control::Join>().back().want == control::Want::held);
  CHECK(f.swarm().wants_parts);
  const auto& part = f.ask(middle, 1'000);
  f.pass(Milliseconds(1));
  CHECK(f.swarm().first == std::vector<PieceIndex>{layout.count() / 2});
  CHECK(f.swarm().wanted_end == 0);
  CHECK_FALSE(part.head);
  f.deliver(layout.count() / 2);
  f.is_part(part, middle, 1'000);
  CHECK(f.node.origin.parts.size() == 1);
  f.is_part(f.ask(middle + 500, 100), middle + 500, 100);  // of the same piece, which is here
  CHECK(f.node.origin.parts.size() == 1);
  CHECK(f.node.origin.opened == 0);
}

TEST_CASE("a part whose holders are too slow comes by Range after a quarter of a second, the next ones at once") {
  Stage f;
  f.held();
  f.ask(0, 2);
  const auto& part = f.ask(middle, 1'000);
  f.pass(Milliseconds(249));
  CHECK_FALSE(part.head);
  f.pass(Milliseconds(1));
  f.is_part(part, middle, 1'000);
  f.is_part(f.ask(middle + 5'000, 1'000), middle + 5'000, 1'000);
  CHECK(f.node.origin.parts.size() == 3);
  f.deliver(layout.count() / 2);  // the holders are there: the next part waits for them again
  const auto& later = f.ask(layout.offset(1), 10);
  CHECK_FALSE(later.head);
  f.deliver(1);
  f.is_part(later, layout.offset(1), 10);
}

TEST_CASE("of a layer that no node holds nothing is fetched for readers of parts, and nothing told as a failure") {
  Stage f;
  f.is_part(f.ask(0, 2), 0, 2);
  f.not_held();
  f.node.settle();
  CHECK(f.node.pulls.running().empty());
  f.is_part(f.ask(middle, 1'000), middle, 1'000);
  CHECK(f.node.origin.parts.size() == 2);
  CHECK(f.node.origin.opened == 0);
  CHECK(f.tracker.count<control::Join>() == 1);  // asked again after a while
  f.pass(Milliseconds(5'000));
  f.ask(middle, 10);
  CHECK(f.tracker.count<control::Join>() == 2);
}

TEST_CASE("a reader of the whole layer that comes meanwhile gets it, whether others hold it or not") {
  Stage f;
  const bool is_held = GENERATE(true, false);
  if (is_held) f.held();
  f.ask(0, 2);
  Reading reading;
  f.node.read(f.digest, ByteCount{size}, reading);
  if (is_held) {
    f.pass(Milliseconds(1));
    CHECK(f.swarm().wanted_end == layout.count());
    for (PieceIndex piece = 0; piece < layout.count(); ++piece) f.deliver(piece);
  } else {
    f.not_held();
    f.node.settle();
    CHECK(f.tracker.heard<control::Join>().back().want == control::Want::layer);
    f.not_held();
    f.node.settle();
    f.pass(Milliseconds(600));
  }
  f.node.run_until([&] { return reading.ended; });
  CHECK((reading.bytes == f.content));
}

TEST_CASE("the swarm of a layer that nobody reads parts of any more is left, and its pieces stay") {
  Stage f;
  f.held();
  f.ask(0, 2);
  f.ask(middle, 1'000);
  f.deliver(layout.count() / 2);
  f.pass(pull::WantedParts::rest - Milliseconds(500));
  CHECK_FALSE(f.swarm().left);
  f.pass(Milliseconds(1'000));
  CHECK(f.swarm().left);
  CHECK(f.node.pulls.running().empty());
  CHECK(f.node.origin.opened == 0);
}
