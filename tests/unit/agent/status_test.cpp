// What an agent tells of its state.
#include "agent/status.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;
using program::Phase;

namespace {

struct Stage : TrackedNode {
  using TrackedNode::TrackedNode;
  program::Readiness ready(Phase phase = Phase::serving) { return readiness(phase, node.parts, node.pulls); }
  nlohmann::json trackers() {
    return nlohmann::json::parse(status_text(default_options(), node.parts, node.pulls))["trackers"];
  }
  void pass(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += link::Health::step_length) {
      node.clock.advance(link::Health::step_length);
      node.settle();
    }
  }
};

}  // namespace

TEST_CASE("an agent whose tracker is away serves, and says which one is away and for how long") {
  Stage stage({"http://tracker", "http://other"});
  CHECK(stage.ready().reasons.empty());
  stage.tracker.welcomes = false;
  stage.tracker.hang_up();
  stage.node.settle();
  stage.pass(Milliseconds(12'000));
  const program::Readiness ready = stage.ready();
  CHECK(ready.can_serve());
  REQUIRE(ready.reasons.size() == 1);
  CHECK(ready.reasons[0].reason == "tracker not connected");
  CHECK(ready.reasons[0].tracker == "http://tracker");
  CHECK(ready.reasons[0].duration == std::chrono::seconds(12));
  CHECK_FALSE(stage.ready(Phase::draining).can_serve());
}

TEST_CASE("the status says of each tracker in which state it is, since when, and why it last was not up") {
  Stage stage({"http://tracker", "http://other"});
  stage.pass(Milliseconds(3'000));
  auto rows = stage.trackers();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["url"] == "http://tracker");
  CHECK(rows[0]["state"] == "up");
  CHECK(rows[0]["for_seconds"] == 3);
  CHECK(rows[0]["last_cause"] == "");
  stage.tracker.is_frozen = true;
  Reading reading;
  for (int i = 0; stage.tracker.count<control::Join>() == 0; ++i) {
    stage.node.read(stage.node.origin.add(numbered_bytes(1'000 + static_cast<std::size_t>(i))), {}, reading);
  }
  stage.pass(Milliseconds(2'000));
  rows = stage.trackers();
  CHECK(rows[0]["state"] == "suspected");
  CHECK(rows[0]["last_cause"] != "");
  CHECK(rows[1]["state"] == "up");
  CHECK(stage.ready().reasons[0].reason == "tracker silent");
}

TEST_CASE("an agent whose disk has failed serves, and says that it does not store") {
  Stage stage;
  stage.tracker.welcomes = false;
  stage.tracker.hang_up();
  stage.node.settle();
  std::vector<program::Reason> reasons = stage.ready().reasons;
  // Whichever operation fails: one of them is a write of a layer that has begun.
  for (int n = 1; n <= 40 && reasons.size() == 1; ++n) {
    stage.node.disk.fail(n, EIO);
    Reading reading;
    stage.node.read(stage.node.origin.add(numbered_bytes(1'000'000 + static_cast<std::size_t>(n))), {}, reading);
    stage.pass(Milliseconds(1'000));
    stage.node.disk.stop();
    reasons = stage.ready().reasons;
  }
  REQUIRE(reasons.size() == 2);
  CHECK(reasons[1].reason.starts_with("layers are not stored"));
  CHECK(stage.ready().can_serve());
}
