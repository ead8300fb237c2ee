// Which registry has a layer: what is here of one registry is not given to callers of another that does not have it.
#include "tests/unit/agent/tenants.hpp"

using namespace shoal;
using namespace shoal::agent;

TEST_CASE("who asks the origin itself asks nothing more: it has sent the layer") {
  TenantsStage stage;
  Reader& reader = stage.read(tenant(stage.node, "good", stage.layer));
  got(reader, stage.content);
  CHECK(stage.node.origin.asked == 0);
  CHECK(stage.node.store.find(stage.layer)->side().upstreams == std::vector<std::string>{"good"});
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
  CHECK(stage.node.origin.asked == 0);
}

TEST_CASE("a held layer is served to another registry's callers once that registry has it") {
  TenantsStage stage;
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
  const bool has_it = GENERATE(true, false);
  stage.registry("other").has_nothing = !has_it;
  Reader& other = stage.read(tenant(stage.node, "other", stage.layer));
  CHECK(stage.node.origin.asked_at == std::vector<std::string>{"other"});
  CHECK(other.is_refused == !has_it);
  if (has_it) got(other, stage.content);
}

TEST_CASE("a restarted node knows from the side file which registry a layer is known from") {
  TenantsStage stage;
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
  PullingNode& node = stage.node;
  access::Access access({node.loop, node.clock, node.origin, node.trackers}, {});
  const pull::Parts parts{node.loop,   node.clock,    node.pool,    node.pool, node.store, node.swarm,
                          node.origin, node.trackers, node.metrics, access};
  pull::Pulls restarted(parts, {});
  CHECK_FALSE(access.possession().has("good", stage.layer));
  CHECK(pull::is_here(restarted, stage.layer, "good"));
  CHECK(access.possession().has("good", stage.layer));
  CHECK_FALSE(access.possession().has("evil", stage.layer));
}

TEST_CASE("what a tracker sends is served once the caller's registry is known to have it") {
  const bool at_source = GENERATE(true, false);
  const bool has_it = at_source || GENERATE(true, false);
  TrackedNode tracked({"http://tracker"}, {}, room());
  PullingNode& node = tracked.node;
  const Bytes content = numbered_bytes(layer_size);
  const Digest layer = node.origin.add(content);
  node.origin.registries["reg"].has_nothing = !has_it;
  control::Joined joined = joined_to(layer, 1);
  joined.size_bytes = layer_size;
  joined.piece_length_bytes = static_cast<std::uint32_t>(piece_length_for(ByteCount{layer_size}).value);
  joined.at_source = at_source;
  tracked.tracker.answer_joins_with(joined);
  Reader reader;
  spawn(node.loop, read_as(node, tenant(node, "reg", layer), reader));
  node.settle();
  CHECK(node.origin.asked == (at_source ? 0 : 1));
  CHECK(node.origin.opened == 0);
  CHECK((reader.ended && reader.error) == !has_it);
  CHECK(node.access.possession().has("reg", layer) == has_it);
  CHECK(node.pulls.running().contains(layer));  // it goes on for others
}

TEST_CASE("what is known of a layer that is read in parts is kept for each registry by itself") {
  TenantsStage stage;
  pull::LazyReads lazy(stage.node.parts, {});
  const pull::Ask evil = tenant(stage.node, "evil", stage.layer);
  const pull::Ask good = tenant(stage.node, "good", stage.layer);
  static_cast<void>(lazy.choose(evil, ByteCount{5}, 0, 5));
  lazy.note_failed_fetch(evil);
  CHECK(lazy.choose(good, ByteCount{layer_size}, 0, layer_size) == pull::LazyReads::Source::layer);
}

TEST_CASE("pieces that arrive for one registry's callers are no part for another's, which does not have the layer") {
  TenantsStage stage;
  stage.node.origin.step = 16'384;
  stage.registry("good").stalls_at = 163'840;
  stage.registry("evil").has_nothing = true;
  stage.read(tenant(stage.node, "good", stage.layer));
  pull::LazyReads lazy(stage.node.parts, {});
  const bool is_good = GENERATE(true, false);
  const pull::Ask ask = tenant(stage.node, is_good ? "good" : "evil", stage.layer);
  std::optional<access::Granted> granted;
  spawn(stage.node.loop, let_in(stage.node, ask, granted));
  stage.node.settle();
  REQUIRE(granted);
  pull::PartReader reader(stage.node.parts, stage.node.pulls, lazy, {*granted, ask}, ByteCount{layer_size}, 100);
  std::optional<Result<pull::PartBytes>> part;
  spawn(stage.node.loop, read_part(reader, {0, 100}, part));
  stage.node.settle();
  REQUIRE(part);
  CHECK(part->has_value() == is_good);
  if (!is_good) CHECK(part->error().answered->status == 404);
}
