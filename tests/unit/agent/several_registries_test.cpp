// Callers of several registries that ask for the same layer: what one registry says, or how it fails, is no other's
// answer.
#include "tests/unit/agent/tenants.hpp"

using namespace shoal;
using namespace shoal::agent;

TEST_CASE("a registry that is slow and then has nothing holds no other registry's caller up") {
  TenantsStage stage;
  stage.registry("evil").is_silent = true;
  stage.registry("evil").has_nothing = true;
  Reader& evil = stage.read(tenant(stage.node, "evil", stage.layer));
  stage.pass_time(Milliseconds(300));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  CHECK_FALSE(good.ended);
  stage.pass_time(Milliseconds(1'000));
  got(good, stage.content);
  CHECK_FALSE(good.is_passed);
  CHECK(stage.node.origin.opened_at == std::vector<std::string>{"evil", "good"});
  CHECK(stage.node.store.holds(stage.layer));
  stage.registry("evil").is_silent = false;
  stage.go_on();
  failed(evil, ErrorKind::not_found);
}

TEST_CASE("many slow registries hold a caller up no longer than one") {
  TenantsStage stage;
  for (const char* upstream : {"evil1", "evil2", "evil3", "evil4"}) {
    stage.registry(upstream).is_silent = true;
    stage.read(tenant(stage.node, upstream, stage.layer));
  }
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  stage.pass_time(Milliseconds(1'000));
  got(good, stage.content);
}

TEST_CASE("what the first caller's registry refuses, has not or cannot send, the next one's gives at once") {
  TenantsStage stage;
  Error failure = ScriptedOrigin::nothing();
  SECTION("not found") {}
  SECTION("refused") { failure = ScriptedOrigin::refusal(); }
  SECTION("unreachable") { failure = Error{ErrorKind::unavailable, "connect: no route"}; }
  stage.registry("evil").is_silent = true;
  stage.registry("evil").answers = failure;
  Reader& evil = stage.read(tenant(stage.node, "evil", stage.layer));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  CHECK_FALSE(good.ended);
  stage.registry("evil").is_silent = false;
  stage.registry("evil").are_heads_held = true;
  stage.go_on();
  got(good, stage.content);
  if (failure.answered) {
    failed(evil, failure.kind);
    CHECK(evil.error->answered->status == failure.answered->status);
  } else {
    CHECK(evil.bytes.empty());  // its registry has not said that it has the layer
  }
  CHECK(stage.node.metrics.pulls_failed.value() <= 1);
}

TEST_CASE("each caller is told the failure of its own registry") {
  TenantsStage stage;
  stage.registry("first").is_silent = true;
  stage.registry("first").answers = ScriptedOrigin::nothing();
  stage.registry("second").answers = ScriptedOrigin::refusal();
  Reader& first = stage.read(tenant(stage.node, "first", stage.layer));
  Reader& second = stage.read(tenant(stage.node, "second", stage.layer));
  stage.registry("first").is_silent = false;
  stage.go_on();
  failed(first, ErrorKind::not_found);
  failed(second, ErrorKind::refused);
  CHECK(second.error->answered->status == 401);
}

TEST_CASE("a size that one registry's manifest names wrongly is refused to that caller alone") {
  TenantsStage stage;
  stage.registry("evil").is_silent = true;
  Reader& evil = stage.read(tenant(stage.node, "evil", stage.layer, 5));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  SECTION("its registry is silent") { stage.pass_time(Milliseconds(1'000)); }
  SECTION("its registry has the layer") {
    stage.registry("evil").is_silent = false;
    stage.go_on();
    failed(evil, ErrorKind::refused);
  }
  SECTION("its registry sends so many bytes") {
    stage.registry("evil").sends = numbered_bytes(5);
    stage.registry("evil").is_silent = false;
    stage.go_on();
  }
  got(good, stage.content);
  CHECK(evil.bytes.size() < 5);
  Reader& later = stage.read(tenant(stage.node, "good", stage.layer));
  got(later, stage.content);
}

TEST_CASE("a caller whose manifest names no size gets that of its own registry") {
  TenantsStage stage;
  stage.registry("evil").sends = numbered_bytes(7);
  stage.registry("evil").stalls_at = 0;
  stage.read(tenant(stage.node, "evil", stage.layer, 7));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer, std::nullopt));
  stage.pass_time(Milliseconds(1'000));
  stage.pass_time(Milliseconds(1'000));
  got(good, stage.content);
}

TEST_CASE("a body that breaks off at one registry goes on at the next from its first missing byte") {
  TenantsStage stage;
  stage.node.origin.step = 16'384;
  stage.registry("first").is_silent = true;
  stage.registry("first").breaks_off_at = 163'840;
  stage.read(tenant(stage.node, "first", stage.layer));
  Reader& second = stage.read(tenant(stage.node, "second", stage.layer));
  stage.registry("first").is_silent = false;
  stage.go_on();
  for (int i = 0; i < 20 && !second.ended; ++i) stage.pass_time(Milliseconds(400));
  got(second, stage.content);
  CHECK_FALSE(second.is_passed);
  CHECK(stage.node.origin.opened_at.back() == "second");
  CHECK(stage.node.origin.opened_from.back() == 163'840);
}

TEST_CASE("wrong bytes of one registry reach no other registry's caller, and the other registry is asked") {
  TenantsStage stage;
  Bytes wrong = stage.content;
  wrong[layer_size / 2] ^= std::byte{1};
  stage.registry("evil").sends = wrong;
  stage.registry("evil").is_silent = true;
  stage.read(tenant(stage.node, "evil", stage.layer));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  stage.registry("evil").is_silent = false;
  stage.go_on();
  got(good, stage.content);
  CHECK(stage.node.origin.opened_at == std::vector<std::string>{"evil", "good"});
  CHECK(stage.node.store.holds(stage.layer));
}

TEST_CASE("a registry that stops in the middle delays another's caller by a second") {
  TenantsStage stage;
  stage.node.origin.step = 16'384;
  stage.registry("evil").stalls_at = 163'840;
  stage.read(tenant(stage.node, "evil", stage.layer));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  CHECK_FALSE(good.ended);
  stage.pass_time(Milliseconds(1'000));
  got(good, stage.content);
  CHECK(good.is_passed);
}

TEST_CASE("layers that come slowly from one registry leave another's their turn") {
  pull::Limits limits;
  limits.sources.origin.fetches = 1;
  TenantsStage stage(limits);
  stage.registry("evil").is_silent = true;
  stage.read(tenant(stage.node, "evil", stage.node.origin.add(numbered_bytes(layer_size, 2))));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  got(good, stage.content);
}

TEST_CASE("a registry that stops in the middle of what a tracker sends holds another's caller up for a second") {
  TrackedNode tracked({"http://tracker"}, {}, room());
  PullingNode& node = tracked.node;
  const Bytes content = numbered_bytes(layer_size);
  const Digest layer = node.origin.add(content);
  control::Joined joined = joined_to(layer, 1);
  joined.size_bytes = layer_size;
  joined.piece_length_bytes = static_cast<std::uint32_t>(piece_length_for(ByteCount{layer_size}).value);
  joined.at_source = true;
  tracked.tracker.answer_joins_with(joined);
  Reader evil;
  spawn(node.loop, read_as(node, tenant(node, "evil", layer), evil));
  node.settle();
  REQUIRE(node.swarm.swarms.size() == 1);
  for (PieceIndex piece = 0; piece < 3; ++piece) {
    const auto written = tracked.write(*node.pulls.running().at(layer), content, piece);
    node.swarm.report(node.swarm.swarms.begin()->first, swarm::PieceArrived{written, true});
  }
  Reader good;
  spawn(node.loop, read_as(node, tenant(node, "good", layer), good));
  node.settle();
  CHECK_FALSE(good.ended);
  node.clock.advance(Milliseconds(1'000));
  node.settle();
  got(good, content);
  CHECK_FALSE(good.is_passed);
  CHECK(node.origin.opened_at == std::vector<std::string>{"good"});
  CHECK(node.origin.opened_from == std::vector<std::uint64_t>{3 * piece_length_for(ByteCount{layer_size}).value});
}
