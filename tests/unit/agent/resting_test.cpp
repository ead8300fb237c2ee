// A held layer leaves its swarm when no peer needs it, and comes back when the tracker asks for it.
#include "agent/pull/memberships.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr Generation generation = 3;
const Bytes content = numbered_bytes(300'000);
const Digest digest = digest_of(DigestAlgorithm::sha256, content);

struct Stage : TrackedNode {
  Stage() { tracker.clear(); }
  void hear(const control::TrackerMessage& message) {
    memberships.on_message(link(), message);
    node.settle();
  }
  void report(swarm::Event event) {
    node.swarm.report(name, std::move(event));
    node.settle();
  }
  const SwarmName name = swarm_name(SwarmKey{}, digest, PieceLayout(ByteCount{content.size()}), generation);
  pull::Memberships memberships{node.parts, {}};
};

}  // namespace

TEST_CASE("a held layer that no peer needs leaves its swarm and stays held") {
  Stage stage;
  stage.held(content);
  stage.hear(control::Serve{digest, generation});
  stage.tracker.clear();
  stage.report(swarm::Unneeded{});
  CHECK(stage.node.swarm.swarms.at(stage.name).left);
  CHECK_FALSE(stage.memberships.contains(digest));
  CHECK(stage.tracker.heard<control::Leave>() == std::vector{control::Leave{digest}});
  CHECK(stage.tracker.count<control::Lost>() == 0);
  CHECK(stage.node.metrics.swarms.value() == 0);
}

TEST_CASE("a layer that left its swarm is in it again as soon as the tracker asks for it") {
  Stage stage;
  stage.held(content);
  stage.hear(control::Serve{digest, generation});
  stage.report(swarm::Unneeded{});
  stage.tracker.clear();
  stage.hear(control::Serve{digest, generation});
  CHECK_FALSE(stage.node.swarm.swarms.at(stage.name).left);
  const auto progress = stage.tracker.heard<control::Progress>();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].complete);
}

TEST_CASE("a layer whose digest has not matched yet stays in its swarm, also when no peer needs it") {
  Stage stage;
  const auto download = stage.download(content);
  pull::Membership& member = stage.memberships.enter(download, stage.link(), generation);
  stage.memberships.join(member, {.name = {},
                                  .role = swarm::Role::fetch,
                                  .file = download->arrival().file(),
                                  .have = download->arrival().proven(),
                                  .hashes = PieceHashes(download->layout()),
                                  .tracker_key = {},
                                  .events = {}});
  stage.node.settle();
  stage.report(swarm::Unneeded{});
  CHECK(stage.memberships.contains(digest));
  stage.memberships.find(*download)->mark_filled();
  stage.report(swarm::Unneeded{});
  CHECK(stage.memberships.contains(digest));
  stage.memberships.announce(digest, {});
  stage.report(swarm::Unneeded{});
  CHECK_FALSE(stage.memberships.contains(digest));
}
