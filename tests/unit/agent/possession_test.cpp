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
  CHECK(stage.node.origin.parts.size() == 1);  // a stretch, or after HEAD was refused one byte
  if (!has_it) return;
  got(other, stage.content);
  got(stage.read(tenant(stage.node, "other", stage.layer)), stage.content);
  CHECK(stage.node.origin.parts.size() == 1);  // it is known from then on
}

TEST_CASE("a registry that says it has a held layer, and sends no bytes of it or others, gets its callers none") {
  TenantsStage stage;
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
  SECTION("none") { stage.registry("evil").answers = ScriptedOrigin::nothing(); }
  SECTION("others") { stage.registry("evil").sends = numbered_bytes(layer_size, 2); }
  SECTION("a longer one") { stage.registry("evil").sends = numbered_bytes(layer_size + 1, 2); }
  for (int i = 0; i < 2; ++i) {
    Reader& evil = stage.read(tenant(stage.node, "evil", stage.layer));
    CHECK(evil.ended);
    CHECK(evil.bytes.empty());
    CHECK((evil.error || evil.is_refused));
  }
  CHECK_FALSE(stage.node.access.possession().has("evil", stage.layer));
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
}

TEST_CASE("a registry that sends the start of a layer gets its callers no more of it when another one goes on") {
  TenantsStage stage;
  stage.node.origin.step = 16'384;
  stage.registry("evil").breaks_off_at = 163'840;
  stage.registry("evil").is_silent = true;
  Reader& evil = stage.read(tenant(stage.node, "evil", stage.layer));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  stage.registry("evil").is_silent = false;
  stage.go_on();
  stage.registry("evil").sends = Bytes(layer_size);  // to a proof
  for (int i = 0; i < 20 && !(good.ended && evil.ended); ++i) stage.pass_time(Milliseconds(400));
  got(good, stage.content);
  CHECK(evil.ended);
  CHECK(evil.error);
  for (const std::size_t at : {std::size_t{163'840}, std::size_t{400'000}, layer_size - 100}) {
    CHECK(std::ranges::search(evil.bytes, ByteView(stage.content).subspan(at, 100)).empty());
  }
}

TEST_CASE("pieces that an earlier pull left of one registry are not another's to go on from") {
  TenantsStage stage;
  stage.node.origin.step = 16'384;
  stage.registry("good").breaks_off_at = 327'680;
  stage.read(tenant(stage.node, "good", stage.layer));
  for (int i = 0; i < 20; ++i) stage.pass_time(Milliseconds(400));
  REQUIRE(stage.node.pulls.running().empty());
  REQUIRE(stage.node.store.partial_size(stage.layer));
  const bool is_good = GENERATE(true, false);
  stage.registry("good").breaks_off_at.reset();
  stage.registry("evil").stalls_at = 360'448;
  stage.registry("good").stalls_at = 360'448;
  Reader& reader = stage.read(tenant(stage.node, is_good ? "good" : "evil", stage.layer));
  CHECK(stage.node.origin.opened_from.back() > 0);
  CHECK(reader.bytes.empty() == !is_good);
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

TEST_CASE("what a tracker sends is served at once when it comes from the caller's registry, else once that has proven to have it") {
  const bool at_source = GENERATE(true, false);
  const bool is_of_another = !at_source && GENERATE(true, false);  // at the source of another's join
  const bool has_it = at_source || GENERATE(true, false);
  TrackedNode tracked({"http://tracker"}, {}, room());
  PullingNode& node = tracked.node;
  const Bytes content = numbered_bytes(layer_size);
  const Digest layer = node.origin.add(content);
  if (!has_it) node.origin.registries["reg"].sends = numbered_bytes(layer_size, 2);
  control::Joined joined = joined_to(layer, 1);
  joined.size_bytes = layer_size;
  joined.piece_length_bytes = static_cast<std::uint32_t>(piece_length_for(ByteCount{layer_size}).value);
  joined.at_source = at_source;
  tracked.tracker.answer_joins_with(joined);
  Reader reader;
  spawn(node.loop, read_as(node, tenant(node, "reg", layer), reader));
  node.settle();
  if (is_of_another) {
    joined.at_source = true;
    joined.upstream = "evil";
    tracked.tracker.tell(joined);
    node.settle();
  }
  REQUIRE(node.swarm.swarms.size() == 1);
  const pull::SharedDownload download = node.pulls.running().at(layer);
  const PieceIndex count = download->layout().count();
  for (PieceIndex piece = 0; piece < count; ++piece) {
    node.swarm.report(node.swarm.swarms.begin()->first, swarm::PieceArrived{tracked.write(*download, content, piece), true});
    node.settle();
    if (piece + 1 < count) CHECK(reader.bytes.empty() == !at_source);
  }
  node.settle();
  CHECK(reader.ended);
  CHECK(node.origin.asked == (at_source ? 0 : 1));  // HEAD
  CHECK(node.origin.opened == 0);
  CHECK(node.origin.parts.size() == (at_source ? 0U : 1U));
  if (has_it) got(reader, content);
  if (!has_it) failed(reader, ErrorKind::not_found);
  CHECK(node.access.possession().has("reg", layer) == has_it);
  CHECK(node.store.holds(layer));
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
