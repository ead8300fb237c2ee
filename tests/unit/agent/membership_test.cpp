// What one membership makes of the tracker's messages and of the swarm's events.
#include "agent/pull/membership.hpp"

#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;
using pull::Next;

namespace {

constexpr Generation generation = 3;
const Bytes content = numbered_bytes(300'000);
const Digest digest = digest_of(DigestAlgorithm::sha256, content);

SigningKey signing_key() {
  return *SigningKey::from_seed(Bytes(32, std::byte{5}));
}

swarm::PieceRefused refused_from(const std::string& node, bool banned = false) {
  return {.piece = 4, .sender = {node, "10.0.0.9"}, .banned = banned};
}

// A membership of a tracker whose key is known.
struct Stage : TrackedNode {
  explicit Stage(bool is_held = false) {
    tracker.clear();
    if (!is_held) download = TrackedNode::download(content);
    member.emplace(pull::Membership::Parts{node.swarm, node.clock, node.metrics, unreached},
                   pull::Membership::Identity{.digest = digest,
                                              .link = &link(),
                                              .name = name,
                                              .swarm_key = link().welcome().swarm_key,
                                              .tracker_key = signing_key().public_key(),
                                              .generation = generation},
                   download, pull::Patience({}, Milliseconds(0), node.clock.now()));
  }
  Stage& joined() {
    const PieceLayout layout(ByteCount{content.size()});
    member->join({.name = name,
                  .role = swarm::Role::fetch,
                  .file = {},
                  .have = PieceSet(),
                  .hashes = PieceHashes(layout),
                  .tracker_key = {},
                  .events = [](swarm::Event) {}});
    node.settle();
    return *this;
  }
  Stage& ready() {
    joined();
    CHECK(member->on(swarm::Ready{}) == Next::stay);
    return *this;
  }
  std::optional<ErrorKind> ended() const {
    REQUIRE(member->fetching());
    const auto& error = member->fetching()->ended;
    return error ? std::optional(error->kind) : std::nullopt;
  }
  // The batch of the first piece, signed with this key.
  control::Hashes hashes(const SigningKey& key) const {
    const Hash256 hash = sha256(ByteView(content).first(16'384));
    return {digest, generation, sign_batch(key, name, 0, {hash})};
  }

  SwarmName name = swarm_name(SwarmKey{}, digest, PieceLayout(ByteCount{content.size()}), generation);
  pull::SharedDownload download;
  pull::UnreachedPeers unreached;
  std::optional<pull::Membership> member;
};

control::Endpoint peer(std::uint16_t port, bool is_seeder = false) {
  return {is_seeder ? "" : "10.0.0.3", port, is_seeder ? "tracker" : "peer", is_seeder};
}

}  // namespace

TEST_CASE("peers named while an earlier pull's pieces are read are dialled once the swarm is joined") {
  Stage stage;
  CHECK(stage.member->on(control::Peers{digest, generation, {peer(1), peer(2, true)}}) == Next::stay);
  CHECK(stage.node.swarm.swarms.empty());
  stage.joined();
  const auto& dialled = stage.node.swarm.swarms.at(stage.name).dialled;
  CHECK(dialled == std::vector<swarm::PeerAddress>{{"10.0.0.3", 1, false}, {"10.0.0.1", 2, true}});
}

TEST_CASE("Peers are dialled at once when the swarm is joined; an address without a host is the tracker's") {
  Stage stage;
  stage.joined().member->on(control::Peers{digest, generation, {peer(2, true)}});
  CHECK(stage.node.swarm.swarms.at(stage.name).dialled == std::vector<swarm::PeerAddress>{{"10.0.0.1", 2, true}});
}

TEST_CASE("the tracker hears how much is here once the node listens, and not before") {
  Stage stage;
  stage.joined().member->report();
  CHECK(stage.tracker.count<control::Progress>() == 0);
  stage.member->on(swarm::PieceArrived{stage.write(*stage.download, content, 2), false});
  stage.member->on(swarm::Ready{});
  const control::Progress expected{.digest = digest, .generation = generation, .pieces = 1, .complete = false};
  CHECK(stage.tracker.heard<control::Progress>() == std::vector{expected});
}

TEST_CASE("pieces are counted by where they came from") {
  Stage stage;
  stage.ready().member->on(swarm::PieceArrived{stage.write(*stage.download, content, 0), true});
  stage.member->on(swarm::PieceArrived{stage.write(*stage.download, content, 1), false});
  CHECK(stage.download->arrival().received().from_seeder == 16'384);
  CHECK(stage.download->arrival().received().from_peers == 16'384);
}

TEST_CASE("Hashes that the tracker signed are passed to the swarm, others are not") {
  Stage stage;
  stage.ready().member->on(stage.hashes(*SigningKey::from_seed(Bytes(32, std::byte{6}))));
  CHECK(stage.node.swarm.swarms.at(stage.name).batches.empty());
  stage.member->on(stage.hashes(signing_key()));
  CHECK(stage.node.swarm.swarms.at(stage.name).batches.size() == 1);
}

TEST_CASE("Hashes of a layer that is held already are ignored") {
  Stage stage(true);
  stage.ready().member->on(stage.hashes(signing_key()));
  CHECK(stage.node.swarm.swarms.at(stage.name).batches.empty());
}

TEST_CASE("the signature in Finished goes into the side file, with the swarm's name and generation") {
  Stage stage;
  Signature signature{};
  signature.fill(std::byte{9});
  CHECK(stage.member->on(control::Finished{digest, generation, signature}) == Next::stay);
  store::SideFile side{.digest = digest};
  stage.member->describe(side);
  CHECK(side.signature == signature);
  CHECK(side.swarm == stage.name);
  CHECK(side.generation == generation);
}

TEST_CASE("Restart ends a pull as corrupt, so that its next attempt joins the new generation") {
  Stage stage;
  CHECK(stage.ready().member->on(control::Restart{digest, generation}) == Next::stay);
  CHECK_FALSE(stage.ended());
  CHECK(stage.member->on(control::Restart{digest, generation + 1}) == Next::stay);
  CHECK(stage.ended() == ErrorKind::corrupt);
}

TEST_CASE("on Restart a node that holds the layer leaves the old swarm") {
  Stage stage(true);
  CHECK(stage.ready().member->on(control::Restart{digest, generation}) == Next::stay);
  CHECK(stage.member->on(control::Restart{digest, generation + 1}) == Next::leave);
}

TEST_CASE("Refused ends a pull with the reason's kind and the origin's retry time") {
  using control::Reason;
  const std::map<Reason, ErrorKind> kinds{{Reason::not_found, ErrorKind::not_found},
                                          {Reason::unavailable, ErrorKind::unavailable},
                                          {Reason::denied, ErrorKind::refused},
                                          {Reason::size, ErrorKind::refused},
                                          {Reason::upstream, ErrorKind::refused}};
  for (const auto& [reason, kind] : kinds) {
    Stage stage;
    CHECK(stage.member->on(control::Refused{digest, reason, "no", 7'000}) == Next::stay);
    CHECK(stage.ended() == kind);
    CHECK(stage.member->fetching()->ended->retry_after == Milliseconds(7'000));
  }
}

TEST_CASE("Refused does not concern a layer that is held") {
  Stage stage(true);
  CHECK(stage.ready().member->on(control::Refused{digest, control::Reason::unavailable, "no", 0}) == Next::stay);
}

TEST_CASE("the first cause that ends a pull says what is to be done") {
  Stage stage;
  stage.member->on(control::Restart{digest, generation + 1});
  stage.member->on(control::Refused{digest, control::Reason::not_found, "no", 0});
  CHECK(stage.ended() == ErrorKind::corrupt);
}

TEST_CASE("Waiting lets the pull wait longer") {
  Stage stage;
  const pull::PatienceLimits limits;
  stage.node.clock.advance(limits.silence + Milliseconds(1));
  CHECK(stage.member->patience().expired(stage.node.clock.now(), pull::LinkState::up));
  CHECK(stage.member->on(control::Waiting{digest}) == Next::stay);
  CHECK_FALSE(stage.member->patience().expired(stage.node.clock.now(), pull::LinkState::up));
}

TEST_CASE("a late Joined of the same generation is dialled and answered with the progress") {
  Stage stage;
  stage.ready();
  stage.tracker.clear();
  control::Joined joined = joined_to(digest, generation);
  joined.peers = {peer(1)};
  CHECK(stage.member->on(joined) == Next::stay);
  CHECK(stage.node.swarm.swarms.at(stage.name).dialled.size() == 1);
  CHECK(stage.tracker.count<control::Progress>() == 1);
}

TEST_CASE("a late Joined of another generation ends the pull, and a held layer leaves the swarm") {
  const control::Joined joined = joined_to(digest, generation + 1);
  Stage fetching;
  CHECK(fetching.ready().member->on(joined) == Next::stay);
  CHECK(fetching.ended() == ErrorKind::unavailable);
  Stage holding(true);
  CHECK(holding.ready().member->on(joined) == Next::leave);
}

TEST_CASE("peers are blamed once the digest has matched, each for its first wrong piece") {
  Stage stage;
  stage.ready().member->on(refused_from("liar"));
  stage.member->on(refused_from("liar", true));
  stage.member->on(refused_from("another"));
  stage.member->mark_filled();
  CHECK(stage.tracker.count<control::Blame>() == 0);
  stage.tracker.clear();
  stage.member->mark_held();
  const auto blames = stage.tracker.heard<control::Blame>();
  REQUIRE(blames.size() == 2);
  CHECK(blames[1] == control::Blame{digest, generation, 4, "liar", "10.0.0.9"});
  const auto progress = stage.tracker.heard<control::Progress>();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].complete);
  stage.tracker.clear();
  stage.member->mark_held();
  CHECK(stage.tracker.count<control::Blame>() == 0);
}

TEST_CASE("at most 16 peers are blamed for one layer") {
  Stage stage;
  for (int i = 0; i < 40; ++i) stage.member->on(refused_from("node" + std::to_string(i)));
  stage.member->mark_held();
  CHECK(stage.tracker.count<control::Blame>() == 16);
}

TEST_CASE("a swarm that fails on this node ends the pull, which then goes on without the disk") {
  Stage stage;
  CHECK(stage.ready().member->on(swarm::Failed{{ErrorKind::refused, "read-only"}}) == Next::stay);
  CHECK(stage.ended() == ErrorKind::no_space);
}

TEST_CASE("pieces that this swarm's hashes disprove end the pull as corrupt") {
  Stage stage;
  stage.ready().member->on(swarm::Failed{{ErrorKind::corrupt, "another generation's bytes"}});
  CHECK(stage.ended() == ErrorKind::corrupt);
}

TEST_CASE("a held layer that the disk does not give is withdrawn, so that no peer asks for it") {
  Stage stage(true);
  CHECK(stage.ready().member->on(swarm::Failed{{ErrorKind::unavailable, "EIO"}}) == Next::withdraw);
}

TEST_CASE("the batch of a piece whose hash no peer has is requested from the tracker") {
  Stage stage;
  stage.ready().member->on(swarm::HashesMissing{12});
  CHECK(stage.tracker.heard<control::RequestHashes>() == std::vector{control::RequestHashes{digest, generation, 12}});
}

TEST_CASE("a tracker that is back hears again what is fetched, and how much of it is here") {
  Stage stage;
  stage.member.emplace(pull::Membership::Parts{stage.node.swarm, stage.node.clock, stage.node.metrics, stage.unreached},
                       pull::Membership::Identity{.digest = digest,
                                                  .link = &stage.link(),
                                                  .name = stage.name,
                                                  .swarm_key = stage.link().welcome().swarm_key,
                                                  .tracker_key = stage.link().welcome().public_key,
                                                  .generation = generation},
                       stage.download, pull::Patience({}, Milliseconds(0), stage.node.clock.now()));
  stage.ready();
  stage.tracker.clear();
  CHECK(stage.member->on_up() == Next::stay);
  const auto joins = stage.tracker.heard<control::Join>();
  REQUIRE(joins.size() == 1);
  CHECK(joins[0].source.repository == "lib/app");
  CHECK(joins[0].size_hint_bytes == content.size());
  CHECK(stage.tracker.count<control::Progress>() == 1);
}

TEST_CASE("a tracker that is back with other keys has no such swarm: the pull asks it again, a held layer leaves") {
  Stage fetching;
  CHECK(fetching.ready().member->on_up() == Next::stay);
  CHECK(fetching.ended() == ErrorKind::unavailable);
  Stage holding(true);
  CHECK(holding.ready().member->on_up() == Next::leave);
}

TEST_CASE("a node leaves a swarm once it has joined it, and tells the tracker in either case") {
  Stage entering;
  entering.member->leave();
  CHECK(entering.node.swarm.swarms.empty());
  CHECK(entering.tracker.heard<control::Leave>() == std::vector{control::Leave{digest}});
  Stage joined;
  joined.joined().member->leave();
  CHECK(joined.node.swarm.swarms.at(joined.name).left);
}
