// A tracker that is silent, against one that is only slow: what a pull, a tag and an idle link do.
#include "agent/registry/manifests.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;
using link::LinkHealth;

namespace {

constexpr Milliseconds noticed = control::timing::first_ping + control::timing::pong;
constexpr Milliseconds turn{500};  // pulls that turn to the origin are spread over so long
constexpr Milliseconds step = link::Health::step_length;

// With one tracker; or with two, of which `owner` has the layer, and `next` takes over.
struct Stage : TrackedNode {
  explicit Stage(const std::vector<std::string>& urls = {"http://tracker"}) : TrackedNode(urls) {
    const PieceLayout layout(ByteCount{content.size()});
    joined.size_bytes = content.size();
    joined.piece_length_bytes = static_cast<std::uint32_t>(layout.piece_length().value);
    for (ScriptedTracker* each : {&tracker, &other}) each->answer_joins_with(joined);
    owner_link = node.trackers.owner_of(digest);
    owner = owner_link->url() == "http://other" ? &other : &tracker;
    next = owner == &tracker ? &other : &tracker;
  }
  // A step at a time, as the loop of a program sees it.
  void pass(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += step) {
      node.clock.advance(step);
      node.settle();
    }
  }
  void pull() {
    node.read(digest, {}, reading);
    REQUIRE(node.pulls.running().contains(digest));
  }
  std::size_t swarms() const { return node.swarm.swarms.size(); }

  Bytes content = numbered_bytes(300'000);
  Digest digest = node.origin.add(content);
  control::Joined joined = joined_to(digest, 1);
  link::TrackerLink* owner_link = nullptr;
  ScriptedTracker* owner = nullptr;
  ScriptedTracker* next = nullptr;
  Reading reading;
};

const std::vector<std::string> both = {"http://tracker", "http://other"};

}  // namespace

TEST_CASE("a new pull goes to the next tracker as soon as its own is suspected, and the ones after it at once") {
  Stage stage(both);
  stage.owner->is_frozen = true;
  stage.pull();
  stage.pass(noticed - step);
  CHECK(stage.next->count<control::Join>() == 0);
  stage.pass(step);
  CHECK(stage.owner_link->health().state() == LinkHealth::suspected);
  CHECK(stage.next->count<control::Join>() == 1);
  CHECK(stage.swarms() == 1);
  CHECK(stage.node.origin.opened == 0);
  CHECK(stage.node.trackers.owner_of(stage.digest) != stage.owner_link);
}

TEST_CASE("a new pull turns to the origin as soon as the only tracker is suspected, and the ones after it at once") {
  Stage stage;
  stage.tracker.is_frozen = true;
  stage.pull();
  stage.pass(noticed + turn);
  CHECK(stage.reading.ended);
  CHECK(stage.reading.bytes == stage.content);
  const Digest second = stage.node.origin.add(numbered_bytes(1'000));
  Reading reading;
  stage.node.read(second, {}, reading);
  stage.node.clock.advance(control::timing::unreachable_spread);
  stage.node.settle();
  CHECK(reading.ended);
  CHECK(stage.tracker.count<control::Join>() == 1);  // the second one is not asked of it
}

TEST_CASE("a tracker that answers pings is not suspected however slow it is, and no other source is asked") {
  Stage stage(both);
  stage.owner->answer_joins_with(joined_to(stage.node.origin.add(numbered_bytes(7)), 1));  // nothing for this layer
  stage.pull();
  stage.pass(control::timing::join_answer - step);
  CHECK(stage.owner_link->up());
  CHECK(stage.owner->pings == 5);
  stage.owner->tell(stage.joined);
  stage.node.settle();
  CHECK(stage.swarms() == 1);
  CHECK(stage.next->count<control::Join>() == 0);
  CHECK(stage.node.origin.opened == 0);
}

TEST_CASE("a pull in mid-layer goes to the next tracker's swarm when its own falls silent") {
  Stage stage(both);
  stage.pull();
  REQUIRE(stage.swarms() == 1);
  stage.owner->is_frozen = true;
  stage.pass(pull::PatienceLimits{}.silence_alone + 2 * step);
  CHECK(stage.next->count<control::Join>() == 1);
  CHECK(stage.node.origin.opened == 0);
}

TEST_CASE("a pull in mid-layer waits as after a crash when its only tracker falls silent") {
  Stage stage;
  stage.pull();
  stage.tracker.is_frozen = true;
  const pull::PatienceLimits limits;
  stage.pass(limits.return_of_tracker - step);
  CHECK(stage.link().health().state() == LinkHealth::suspected);
  CHECK(stage.node.origin.opened == 0);
  stage.pass(limits.return_spread + turn + 3 * step);
  CHECK(stage.node.origin.opened == 1);
}

TEST_CASE("a pull in mid-layer whose tracker is heard again has as much time as at first") {
  Stage stage;
  stage.pull();
  stage.tracker.is_frozen = true;
  stage.pass(Milliseconds(7'000));
  stage.tracker.is_frozen = false;
  stage.pass(Milliseconds(1'000) + pull::PatienceLimits{}.silence - 4 * step);
  CHECK(stage.link().up());
  CHECK(stage.node.origin.opened == 0);
  CHECK(stage.swarms() == 1);
}

TEST_CASE("what is told of a swarm reaches a suspected tracker once it goes on") {
  Stage stage;
  stage.tracker.is_frozen = true;
  stage.pull();
  stage.pass(noticed);
  REQUIRE(stage.link().health().state() == LinkHealth::suspected);
  CHECK(stage.tracker.heard<control::Leave>() == std::vector{control::Leave{stage.digest}});
}

TEST_CASE("a tracker that stays silent is hung up on and dialled again") {
  Stage stage;
  stage.tracker.is_frozen = true;
  stage.pull();
  stage.pass(control::timing::longest_suspicion);
  CHECK(stage.link().health().state() == LinkHealth::down);
  stage.tracker.is_frozen = false;
  stage.pass(control::timing::longest_reconnect_pause);
  CHECK(stage.link().up());
  CHECK(stage.tracker.count<control::Hello>() == 2);
}

TEST_CASE("no ping leaves while no pull waits for a tracker") {
  Stage stage;
  stage.pass(Milliseconds(60'000));
  CHECK(stage.tracker.pings == 0);
  stage.pull();  // answered at once
  stage.node.swarm.report(stage.node.swarm.swarms.begin()->first, swarm::Ready{});
  stage.pass(step);
  CHECK(stage.tracker.pings == 0);
}

namespace {

Task<void> ask_tag(registry::Manifests& manifests, std::optional<Result<registry::ManifestAnswer>>& answer) {
  registry::ManifestQuestion question{.route = {.repository = {"reg", "lib/app"}, .tag = "v1", .digest = {}},
                                      .accept = {},
                                      .authorization = {},
                                      .head_only = true};
  auto given = co_await manifests.answer(std::move(question));
  answer = std::move(given);
}

struct TagStage : Stage {
  using Stage::Stage;
  std::optional<Result<registry::ManifestAnswer>> answer;
  registry::Manifests manifests{node.parts, node.pulls, Milliseconds(0)};

  void ask() {
    spawn(node.loop, ask_tag(manifests, answer));
    node.settle();
  }
};

}  // namespace

TEST_CASE("a tag is asked of the next tracker when its own is suspected") {
  TagStage stage(both);
  control::Resolved resolved;
  resolved.status = 200;
  resolved.digest = stage.digest;
  resolved.size_bytes = stage.content.size();
  resolved.content_type = "application/json";
  link::TrackerLink* of_tag = stage.node.trackers.owner_of("reg/lib/app:v1");
  const bool is_other = of_tag->url() == "http://other";
  (is_other ? stage.other : stage.tracker).is_frozen = true;
  (is_other ? stage.tracker : stage.other).answer_tags_with(resolved);
  stage.ask();
  stage.pass(noticed);
  REQUIRE(stage.answer);
  REQUIRE(*stage.answer);
  CHECK(std::get<registry::Manifest>(**stage.answer).digest == stage.digest);
  CHECK(stage.node.origin.asked == 0);
}

TEST_CASE("a tag is asked of the origin when the only tracker is suspected") {
  TagStage stage;
  stage.tracker.is_frozen = true;
  stage.node.origin.tagged = stage.content;
  stage.ask();
  stage.pass(noticed);
  CHECK(stage.answer);
  CHECK(stage.node.origin.asked > 0);
}

TEST_CASE("a tag whose tracker is slow and alive is not asked of the next one") {
  TagStage stage(both);
  stage.ask();
  stage.pass(control::timing::resolve_answer - step);
  CHECK(stage.tracker.count<control::Resolve>() + stage.other.count<control::Resolve>() == 1);
  CHECK(stage.node.origin.asked == 0);
}
