// What a node makes of what its trackers push: which membership it concerns, and which swarms it is in.
#include "agent/pull/memberships.hpp"

#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr Generation generation = 3;
const Bytes content = numbered_bytes(300'000);
const Digest digest = digest_of(DigestAlgorithm::sha256, content);

control::Endpoint peer() {
  return {"10.0.0.3", 1, "peer", false};
}

struct Stage : TrackedNode {
  explicit Stage(pull::MembershipLimits limits = {}, std::vector<std::string> urls = {"http://tracker"})
      : TrackedNode(std::move(urls)), memberships(node.parts, limits) {
    tracker.clear();
    other.clear();
  }
  void hear(const control::TrackerMessage& message, std::size_t from = 0) {
    memberships.on_message(link(from), message);
    node.settle();
  }
  // A pull that has joined the swarm of this generation.
  pull::SharedDownload fetch(const Bytes& bytes = content) {
    const auto download = TrackedNode::download(bytes);
    pull::Membership& member = memberships.enter(download, link(), generation);
    memberships.join(member, {.name = {},
                              .role = swarm::Role::fetch,
                              .file = download->arrival().file(),
                              .have = download->arrival().proven(),
                              .hashes = PieceHashes(download->layout()),
                              .tracker_key = {},
                              .events = {}});
    node.settle();
    return download;
  }
  // A held layer whose swarm this node has joined.
  Digest serve(const Bytes& bytes = content) {
    const Digest layer = held(bytes);
    hear(control::Serve{layer, generation});
    return layer;
  }
  SwarmName name(Generation of = generation) const {
    return swarm_name(SwarmKey{}, digest, PieceLayout(ByteCount{content.size()}), of);
  }
  RecordingSwarm::Joined& swarm(Generation of = generation) { return node.swarm.swarms.at(name(of)); }
  bool is_left(Generation of = generation) { return swarm(of).left; }
  std::optional<ErrorKind> ended(const pull::Download& download) {
    pull::Membership* member = memberships.find(download);
    REQUIRE(member);
    const auto& error = member->fetching()->ended;
    return error ? std::optional(error->kind) : std::nullopt;
  }

  pull::Memberships memberships;
};

control::Joined joined(Generation of) {
  control::Joined answer = joined_to(digest, of);
  answer.peers = {peer()};
  return answer;
}

}  // namespace

TEST_CASE("Serve: a held layer's swarm is joined as its holder, and the tracker hears that all of it is here") {
  Stage stage;
  stage.serve();
  CHECK(stage.swarm().role == swarm::Role::hold);
  const auto progress = stage.tracker.heard<control::Progress>();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].complete);
  CHECK(progress[0].generation == generation);
}

TEST_CASE("Serve: a layer that is not here any more is withdrawn at all trackers") {
  Stage stage({}, {"http://tracker", "http://other"});
  stage.hear(control::Serve{digest, generation});
  CHECK(stage.node.swarm.swarms.empty());
  CHECK(stage.tracker.heard<control::Lost>() == std::vector{control::Lost{{digest}}});
  CHECK(stage.other.count<control::Lost>() == 1);
}

TEST_CASE("Serve: said twice, the swarm is joined once and the progress is sent again") {
  Stage stage;
  stage.serve();
  stage.tracker.clear();
  stage.hear(control::Serve{digest, generation});
  CHECK_FALSE(stage.is_left());
  CHECK(stage.tracker.count<control::Progress>() == 1);
}

TEST_CASE("Serve: another generation's swarm is joined instead of the one before") {
  Stage stage;
  stage.serve();
  stage.hear(control::Serve{digest, generation + 1});
  CHECK(stage.is_left());
  CHECK_FALSE(stage.is_left(generation + 1));
}

TEST_CASE("Serve: a layer that is being pulled stays in the swarm that it is pulled from") {
  Stage stage;
  const auto download = stage.fetch();
  stage.hear(control::Serve{digest, generation + 1});
  CHECK_FALSE(stage.is_left());
  CHECK(stage.node.swarm.swarms.size() == 1);
}

TEST_CASE("Restart: a pull ends as corrupt, a held layer's swarm is left") {
  Stage pulling;
  const auto download = pulling.fetch();
  pulling.hear(control::Restart{digest, generation + 1});
  CHECK(pulling.ended(*download) == ErrorKind::corrupt);
  Stage holding;
  holding.serve();
  holding.hear(control::Restart{digest, generation + 1});
  CHECK(holding.is_left());
  CHECK(holding.tracker.heard<control::Leave>() == std::vector{control::Leave{digest}});
}

TEST_CASE("Refused: a pull ends with the tracker's reason") {
  Stage stage;
  const auto download = stage.fetch();
  stage.hear(control::Refused{digest, control::Reason::not_found, "404", 0});
  CHECK(stage.ended(*download) == ErrorKind::not_found);
}

TEST_CASE("Peers: those of this generation are dialled, those of another are not") {
  Stage stage;
  const auto download = stage.fetch();
  stage.hear(control::Peers{digest, generation + 1, {peer()}});
  CHECK(stage.swarm().dialled.empty());
  stage.hear(control::Peers{digest, generation, {peer()}});
  CHECK(stage.swarm().dialled.size() == 1);
}

TEST_CASE("Finished: the signature of this generation is kept, that of another is not") {
  Stage stage;
  const auto download = stage.fetch();
  Signature right{};
  right.fill(std::byte{1});
  stage.hear(control::Finished{digest, generation, right});
  stage.hear(control::Finished{digest, generation + 1, Signature{}});
  store::SideFile side{.digest = digest};
  stage.memberships.describe(digest, side);
  CHECK(side.signature == right);
}

TEST_CASE("Hashes: a batch of another generation does not reach the swarm") {
  Stage stage;
  const auto download = stage.fetch();
  const SigningKey key = *SigningKey::from_seed(Bytes(32, std::byte{5}));
  stage.hear(control::Hashes{digest, generation + 1, sign_batch(key, stage.name(), 0, {Hash256{}})});
  CHECK(stage.swarm().batches.empty());
}

TEST_CASE("Waiting: the pull waits longer") {
  Stage stage;
  const auto download = stage.fetch();
  stage.node.clock.advance(Milliseconds(6'000));
  const auto expired = [&] {
    return stage.memberships.find(*download)->patience().expired(stage.node.clock.now(), pull::LinkState::up);
  };
  CHECK(expired());
  stage.hear(control::Waiting{digest});
  CHECK_FALSE(expired());
}

TEST_CASE("Ban: the peer is banned in all swarms") {
  Stage stage;
  stage.hear(control::Ban{"liar", "10.0.0.9"});
  REQUIRE(stage.node.swarm.banned.size() == 1);
  CHECK(stage.node.swarm.banned[0] == swarm::Identity{"liar", "10.0.0.9"});
}

TEST_CASE("a late Joined of a swarm that this node is not in is answered with Leave") {
  Stage stage;
  stage.hear(joined(generation));
  CHECK(stage.tracker.heard<control::Leave>() == std::vector{control::Leave{digest}});
  CHECK(stage.node.swarm.swarms.empty());
}

TEST_CASE("a late Joined of another generation ends the pull, and lets a held layer leave") {
  Stage pulling;
  const auto download = pulling.fetch();
  pulling.hear(joined(generation + 1));
  CHECK(pulling.ended(*download) == ErrorKind::unavailable);
  Stage holding;
  holding.serve();
  holding.hear(joined(generation + 1));
  CHECK(holding.is_left());
}

TEST_CASE("what another tracker says does not concern this tracker's swarm") {
  Stage stage({}, {"http://tracker", "http://other"});
  const auto download = stage.fetch();
  stage.hear(control::Restart{digest, generation + 1}, 1);
  stage.hear(control::Refused{digest, control::Reason::not_found, "404", 0}, 1);
  stage.hear(control::Peers{digest, generation, {peer()}}, 1);
  stage.hear(joined(generation + 1), 1);
  CHECK_FALSE(stage.ended(*download));
  CHECK(stage.swarm().dialled.empty());
  CHECK(stage.other.heard<control::Leave>() == std::vector{control::Leave{digest}});  // of a join that came too late
}

TEST_CASE("a layer without a swarm is announced to all trackers, one with a swarm to its own") {
  Stage stage({}, {"http://tracker", "http://other"});
  const Digest elsewhere = digest_of(DigestAlgorithm::sha256, bytes_of("elsewhere"));
  stage.memberships.announce(elsewhere, {"reg.example.com"});
  CHECK(stage.tracker.heard<control::Holds>() == std::vector{control::Holds{{elsewhere}, {"reg.example.com"}}});
  CHECK(stage.other.count<control::Holds>() == 1);
  const auto download = stage.fetch();
  stage.memberships.find(*download)->mark_filled();
  stage.memberships.announce(digest, {});
  CHECK(stage.tracker.heard<control::Progress>().back().complete);
  CHECK(stage.other.count<control::Progress>() == 0);
  CHECK(stage.other.count<control::Holds>() == 1);
}

TEST_CASE("a layer that is withdrawn leaves its swarm, and all trackers hear that it is lost") {
  Stage stage({}, {"http://tracker", "http://other"});
  stage.serve();
  stage.memberships.withdraw(digest);
  CHECK(stage.is_left());
  CHECK(stage.tracker.count<control::Leave>() == 1);
  CHECK(stage.tracker.count<control::Lost>() == 1);
  CHECK(stage.other.count<control::Lost>() == 1);
}

TEST_CASE("a held layer that a swarm cannot read is withdrawn") {
  Stage stage;
  stage.serve();
  stage.node.swarm.report(stage.name(), swarm::Failed{{ErrorKind::unavailable, "EIO"}});
  CHECK(stage.is_left());
  CHECK(stage.tracker.count<control::Lost>() == 1);
}

TEST_CASE("a layer may be evicted unless it is being pulled or its swarm was joined less than a minute ago") {
  Stage stage;
  CHECK(stage.memberships.may_evict(digest));
  stage.serve();
  CHECK_FALSE(stage.memberships.may_evict(digest));
  stage.node.clock.advance(Milliseconds(60'000));
  CHECK(stage.memberships.may_evict(digest));
  const auto download = stage.fetch(numbered_bytes(200'000, 2));
  stage.node.clock.advance(Milliseconds(60'000));
  CHECK_FALSE(stage.memberships.may_evict(download->ask().digest));
}

TEST_CASE("when there are as many swarms as allowed the oldest idle one is left, never one that is being pulled") {
  pull::MembershipLimits limits;
  limits.memberships = 2;
  Stage stage(limits);
  const auto download = stage.fetch();
  const Digest first = stage.serve(numbered_bytes(1'000, 2));
  const Digest second = stage.serve(numbered_bytes(1'000, 3));
  CHECK_FALSE(stage.memberships.contains(first));
  CHECK(stage.memberships.contains(second));
  CHECK(stage.memberships.contains(digest));
  const auto another = stage.fetch(numbered_bytes(200'000, 4));
  const auto third = stage.fetch(numbered_bytes(200'000, 5));
  CHECK_FALSE(stage.memberships.contains(second));
  CHECK(stage.memberships.contains(digest));
  CHECK(stage.memberships.contains(another->ask().digest));
  CHECK(stage.memberships.contains(third->ask().digest));
  CHECK(stage.node.metrics.swarms.value() == 3);
}

TEST_CASE("a tracker that is up again hears of its own swarms only") {
  Stage stage({}, {"http://tracker", "http://other"});
  const auto download = stage.fetch();
  stage.tracker.clear();
  stage.memberships.on_up(stage.link(1));
  CHECK(stage.other.count<control::Join>() == 0);
  stage.memberships.on_up(stage.link(0));
  CHECK(stage.tracker.count<control::Join>() == 1);
  CHECK(stage.tracker.count<control::Progress>() == 1);
}

TEST_CASE("a tracker that is up again with other keys has none of its swarms any more") {
  Stage stage;
  stage.serve();
  const auto download = stage.fetch(numbered_bytes(200'000, 2));
  stage.tracker.welcome.swarm_key.fill(std::byte{1});
  stage.tracker.hang_up();
  stage.node.settle();
  stage.node.clock.advance(Milliseconds(2'000));
  stage.node.settle();
  REQUIRE(stage.link().up());
  stage.memberships.on_up(stage.link());
  CHECK(stage.is_left());
  CHECK(stage.ended(*download) == ErrorKind::unavailable);
}
