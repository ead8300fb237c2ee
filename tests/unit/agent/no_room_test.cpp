// Layers that there is no room for: they pass through a window of memory, read once however many clients read them.
#include "agent/registry/blobs.hpp"
#include "tests/doubles/recorded_exchange.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr PullingNode::Room no_room{.capacity = {10}, .memory = {.largest = 256_KiB, .all = 512_KiB}};
constexpr std::size_t size = 2 << 20;  // 128 pieces of 16 KiB; the window has 16
constexpr std::size_t chunk = 32 << 10;

Task<void> answer(registry::Blobs& blobs, RecordedExchange& exchange, Digest digest, bool& done) {
  registry::BlobRoute route{{"reg", "lib/app"}, digest};
  co_await blobs.answer(exchange, std::move(route));
  done = true;
}

RecordedExchange get(std::optional<std::string> range = {}) {
  http::Headers headers;
  if (range) headers.push_back({"Range", *range});
  return RecordedExchange({.method = "GET", .path = "/", .query = {}, .headers = std::move(headers), .client = {}});
}

std::string range_text(std::size_t first, std::size_t end) {
  return "bytes=" + std::to_string(first) + "-" + std::to_string(end - 1);
}

struct Fixture {
  Fixture() { node.origin.step = 40'000; }
  bool ask(RecordedExchange& exchange) {
    bool done = false;
    spawn(node.loop, answer(blobs, exchange, digest, done));
    node.settle();
    return done;
  }
  Bytes part(std::size_t first, std::size_t end) const {
    return copy_of(ByteView(content).subspan(first, end - first));
  }

  PullingNode node{{}, {}, http::connect_websocket, no_room};
  registry::Metrics metrics;
  registry::ImagePulls images{node.loop, node.clock, metrics};
  registry::Blobs blobs{node.parts, node.pulls, images, {.lazy = {.percent = 0}}};  // parts come of the layer
  Bytes content = numbered_bytes(size);
  Digest digest = node.origin.add(content);
};

}  // namespace

TEST_CASE("a layer too large for memory passes through a window of it, and that is no failure") {
  Fixture f;
  auto exchange = get();
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 200);
  CHECK((exchange.body == f.content));
  CHECK(f.node.origin.sent_bytes == size);
  CHECK(f.node.metrics.uncached_layers.value() == 1);
  CHECK(f.node.metrics.pulls_failed.value() == 0);
}

TEST_CASE("chunks that several clients read at once are read from the origin once") {
  Fixture f;
  for (std::size_t first = 0; first < size; first += chunk) {
    CAPTURE(first);
    auto exchange = get(range_text(first, first + chunk));
    REQUIRE(f.ask(exchange));
    CHECK(exchange.head->status == 206);
    CHECK((exchange.body == f.part(first, first + chunk)));
  }
  CHECK(f.node.origin.opened == 1);
  CHECK(f.node.origin.sent_bytes == size);
  auto again = get(range_text(0, chunk));
  REQUIRE(f.ask(again));
  CHECK((again.body == f.part(0, chunk)));  // and not what the window has dropped
}

TEST_CASE("a layer that fits into memory is read once for chunks that are asked for one after the other") {
  Fixture f;
  constexpr std::size_t small = 200'000;
  f.content = numbered_bytes(small);
  f.digest = f.node.origin.add(f.content);
  for (std::size_t first = 0; first < small; first += 50'000) {
    auto exchange = get(range_text(first, first + 50'000));
    REQUIRE(f.ask(exchange));
    CHECK((exchange.body == f.part(first, first + 50'000)));
    f.node.clock.advance(pull::Window::linger - Milliseconds(1));
    f.node.settle();
  }
  CHECK(f.node.origin.opened == 1);
  f.node.clock.advance(Milliseconds(1));
  f.node.settle();
  CHECK(f.node.store.reserve_in_memory(f.digest, 500_KiB));
  auto again = get();
  REQUIRE(f.ask(again));
  CHECK(f.node.origin.opened == 2);
}

TEST_CASE("a part far from the window is asked of the origin alone, from its first byte on") {
  Fixture f;
  constexpr std::size_t first = size / 2 + 5;
  auto exchange = get(range_text(first, first + 1'000));
  CHECK(f.ask(exchange));
  CHECK(exchange.head->status == 206);
  CHECK((exchange.body == f.part(first, first + 1'000)));
  CHECK(f.node.origin.parts == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{first, first + 1'000}});
  auto rest = get("bytes=" + std::to_string(first) + "-");
  CHECK(f.ask(rest));
  CHECK((rest.body == f.part(first, size)));
  CHECK(f.node.origin.opened_from.back() == first);
  CHECK(f.node.origin.sent_bytes < size);
}

TEST_CASE("a window is given up some seconds after its last reader, and its memory is free again") {
  Fixture f;
  auto exchange = get(range_text(0, chunk));
  CHECK(f.ask(exchange));
  CHECK(f.node.pulls.running().size() == 1);
  for (int i = 0; i < 100 && !f.node.pulls.running().empty(); ++i) {
    f.node.clock.advance(Milliseconds(250));
    f.node.settle();
  }
  CHECK(f.node.pulls.running().empty());
  CHECK(f.node.metrics.pulls_failed.value() == 0);
  CHECK(f.node.origin.sent_bytes < size);
  const auto free = f.node.store.reserve_in_memory(f.digest, 500_KiB);
  CHECK(free);
}

TEST_CASE("a layer of wrong bytes without room is never a complete answer") {
  Fixture f;
  f.node.origin.next_bodies({numbered_bytes(size, 2), numbered_bytes(size, 3)});
  auto exchange = get();
  CHECK(f.ask(exchange));
  CHECK(exchange.body.size() < size);
  CHECK(f.node.metrics.outcomes.corrupt_layers.value() >= 1);
}

TEST_CASE("without memory for one more window a layer is read from the origin for each client, and checked when whole") {
  Fixture f;
  const Digest other = digest_of(DigestAlgorithm::sha256, numbered_bytes(7));
  const auto taken = f.node.store.reserve_in_memory(other, 200_KiB);
  const auto more = f.node.store.reserve_in_memory(other, 200_KiB);
  REQUIRE((taken && more));
  auto exchange = get();
  CHECK(f.ask(exchange));
  CHECK((exchange.body == f.content));
  auto some = get(range_text(100'000, 100'100));
  CHECK(f.ask(some));
  CHECK((some.body == f.part(100'000, 100'100)));
  CHECK(f.node.origin.parts.back().first == 100'000);
  f.node.origin.next_bodies({numbered_bytes(size, 2), numbered_bytes(size, 2)});
  auto wrong = get();
  CHECK(f.ask(wrong));
  CHECK(wrong.body.size() < size);
}

TEST_CASE("a layer without room comes from the swarm, piece by piece as its reader reads, and not from the origin") {
  TrackedNode tracked({"http://tracker"}, {}, no_room);
  const Bytes content = numbered_bytes(size);
  const Digest digest = tracked.node.origin.add(content);
  const PieceLayout layout(ByteCount{size});
  tracked.tracker.answer_joins_with({.digest = digest,
                                     .size_bytes = size,
                                     .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                                     .generation = 1,
                                     .content_type = {},
                                     .peers = {},
                                     .holders = {}});
  Reading reading;
  tracked.node.read(digest, {}, reading);
  REQUIRE(tracked.node.swarm.swarms.size() == 1);
  const SwarmName name = tracked.node.swarm.swarms.begin()->first;
  const auto& swarm = tracked.node.swarm.swarms.at(name);
  CHECK(swarm.is_window);
  const auto download = tracked.node.pulls.running().at(digest);
  PieceIndex delivered = 0;
  for (int rounds = 0; !reading.ended && rounds < 10'000; ++rounds) {
    REQUIRE(swarm.wanted_end - std::min(swarm.wanted_end, delivered) <= 16);
    while (delivered < swarm.wanted_end) {
      const auto written = tracked.write(*download, content, delivered++);
      tracked.node.swarm.report(name, swarm::PieceArrived{written, false});
    }
    tracked.node.settle();
    tracked.node.clock.advance(Milliseconds(10));
  }
  CHECK_FALSE(reading.error);
  CHECK((reading.bytes == content));
  CHECK(tracked.node.origin.opened == 0);
  tracked.node.settle();
  CHECK(tracked.node.swarm.swarms.at(name).left);
  CHECK(tracked.node.metrics.pulls_failed.value() == 0);
}
