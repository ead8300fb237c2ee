// A pull from a swarm whose tracker does not stay.
#include "agent/pull/cluster_source.hpp"

#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr Milliseconds away{2'000};  // as long as a link pauses at most, and no longer than any patience
constexpr Milliseconds there{1'000};

struct Stage : TrackedNode {
  Stage() {
    const PieceLayout layout(ByteCount{content.size()});
    tracker.answer_joins_with({.digest = digest,
                 .size_bytes = content.size(),
                 .piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value),
                 .generation = 1,
                 .content_type = {},
                 .peers = {},
                 .holders = {}});
    node.read(digest, {}, reading);
    REQUIRE(node.swarm.swarms.size() == 1);
    REQUIRE(node.pulls.running().contains(digest));
  }
  void pass(Milliseconds time) {
    node.clock.advance(time);
    node.settle();
  }
  void go_and_come_back() {
    tracker.hang_up();
    node.settle();
    REQUIRE_FALSE(node.trackers.any_up());
    pass(away);
    REQUIRE(node.trackers.any_up());
    pass(there);
  }
  void deliver(PieceIndex piece) {
    const auto written = write(*node.pulls.running().at(digest), content, piece);
    node.swarm.report(node.swarm.swarms.begin()->first, swarm::PieceArrived{written, false});
    node.settle();
  }

  Bytes content = numbered_bytes(300'000);
  Digest digest = node.origin.add(content);
  Reading reading;
};

}  // namespace

TEST_CASE("a pull whose tracker goes and comes back again and again turns to the origin when no piece comes") {
  Stage stage;
  const Time began = stage.node.clock.now();
  const auto waited = [&] { return stage.node.clock.now() - began; };
  while (stage.node.origin.opened == 0 && waited() < std::chrono::minutes(2)) stage.go_and_come_back();
  const pull::PatienceLimits limits;
  CHECK(waited() >= limits.origin_wait);
  CHECK(waited() <= limits.origin_wait + limits.return_of_tracker + limits.return_spread + away + there);
  stage.pass(there);
  REQUIRE(stage.reading.ended);
  CHECK_FALSE(stage.reading.error);
  CHECK(stage.reading.bytes == stage.content);
  CHECK(stage.node.origin.opened == 1);
}

TEST_CASE("a pull whose tracker goes and comes back again and again stays with the cluster while pieces come") {
  Stage stage;
  const PieceIndex pieces = PieceLayout(ByteCount{stage.content.size()}).count();
  for (PieceIndex piece = 0; piece < pieces; ++piece) {
    stage.go_and_come_back();
    stage.deliver(piece);
  }
  stage.pass(there);
  REQUIRE(stage.reading.ended);
  CHECK_FALSE(stage.reading.error);
  CHECK(stage.reading.bytes == stage.content);
  CHECK(stage.node.origin.opened == 0);
}

namespace {

// A pull that joins and that the tracker has not answered yet.
struct Joining : TrackedNode {
  Joining() {
    node.read(digest, ByteCount{content.size()}, reading);
    REQUIRE(tracker.count<control::Join>() == 1);
  }
  void pass(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += Milliseconds(10)) {
      node.clock.advance(Milliseconds(10));
      node.settle();
    }
  }

  Bytes content = numbered_bytes(300'000);
  Digest digest = node.origin.add(content);
  Reading reading;
};

}  // namespace

TEST_CASE("a tracker that cannot reach the registry costs a pull less than a tenth of a second") {
  Joining stage;
  stage.tracker.tell(control::Refused{stage.digest, control::Reason::unavailable, "no connection", 0, true});
  stage.pass(Milliseconds(60));
  CHECK(stage.reading.bytes == stage.content);
  CHECK(stage.node.origin.opened == 1);
}

TEST_CASE("while a registry limits the tracker's requests no pull asks it by itself") {
  Joining stage;
  for (int second = 0; second < 100; ++second) {
    stage.tracker.tell(control::Waiting{stage.digest, true});
    stage.pass(Milliseconds(1'000));
  }
  CHECK(stage.reading.error);
  CHECK(stage.node.origin.opened == 0);
}
