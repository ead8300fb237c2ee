// Callers of several registries that ask for the same layer: what one registry says, or how it fails, is no other's
// answer. Both registries are in the same cluster's configuration; a tenant of one writes its manifests.
#include <catch2/catch.hpp>

#include "agent/pull/part_reader.hpp"
#include "tests/unit/agent/tracked_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

constexpr std::size_t size = 600'000;
const std::string right = "Basic right";

// As the endpoint reads for a client: it asks again when an attempt's bytes were wrong, and passes through what has no
// place.
struct Reader : Reading {
  bool is_refused = false;
  bool is_passed = false;
};

Task<void> pass(pull::Pulls& pulls, access::Granted granted, pull::Ask ask, Reader& reader) {
  auto passing = co_await pulls.pass_through(std::move(granted), std::move(ask), 0);
  if (!passing) {
    reader.error = passing.error();
    co_return;
  }
  reader.error.reset();
  reader.is_passed = true;
  for (;;) {
    const auto bytes = co_await (*passing)->next();
    if (!bytes) reader.error = bytes.error();
    if (!bytes || bytes->empty()) co_return;
    reader.bytes.insert(reader.bytes.end(), bytes->begin(), bytes->end());
  }
}

Task<void> read_granted(pull::Pulls& pulls, access::Granted granted, pull::Ask ask, Reader& reader) {
  reader.error.reset();
  const auto layer = co_await pulls.open(granted, ask);
  if (!layer) reader.error = layer.error();
  while (!reader.error && reader.bytes.size() < layer->size().value) {
    const auto span = co_await layer->readable(reader.bytes.size());
    if (!span) {
      reader.error = span.error();
      break;
    }
    Bytes part(span->length());
    CHECK(span->file()->read_at(span->offset(), part));
    reader.bytes.insert(reader.bytes.end(), part.begin(), part.end());
  }
  if (!reader.error) {
    const Result<void> verified = co_await layer->verified();
    if (!verified) reader.error = verified.error();
  }
}

Task<void> read_as(PullingNode& node, pull::Ask ask, Reader& reader) {
  access::Caller caller{ask.repository, ask.authorization};
  const bool is_here = pull::is_here(node.pulls, ask.digest, ask.repository.upstream);
  auto verdict = co_await node.access.may(std::move(caller), ask.digest, ask.kind, is_here);
  REQUIRE(verdict);
  if (std::holds_alternative<origin::Answer>(*verdict)) {
    reader.is_refused = true;
  } else {
    const access::Granted granted = std::get<access::Granted>(*verdict);
    ask.size_hint = node.access.size_of(ask.repository, ask.digest);
    co_await read_granted(node.pulls, granted, ask, reader);
    for (int again = 0; again < 3 && reader.error && reader.error->kind == ErrorKind::corrupt && reader.bytes.empty(); ++again) {
      co_await read_granted(node.pulls, granted, ask, reader);
    }
    if (reader.error && reader.error->kind == ErrorKind::no_space) co_await pass(node.pulls, granted, ask, reader);
  }
  reader.ended = true;
}

// The caller has read a manifest of its repository that names the layer, with this size.
pull::Ask tenant(PullingNode& node, const std::string& upstream, const Digest& layer, std::optional<std::size_t> named = size,
                 const std::string& authorization = right) {
  const origin::Repository repository{upstream, "app"};
  const Digest manifest = digest_of(DigestAlgorithm::sha256, bytes_of(upstream));
  const auto read = node.access.note_read({repository, Secret(authorization)}, access::Member{manifest});
  access::Member member{layer};
  if (named) member.size = ByteCount{*named};
  node.access.learn(read, {&member, 1});
  return {.digest = layer,
          .kind = origin::Kind::blob,
          .repository = repository,
          .size_hint = {},
          .authorization = Secret(authorization)};
}

// As the endpoint lets it in when nothing of the layer is here.
Task<void> let_in(PullingNode& node, pull::Ask ask, std::optional<access::Granted>& granted) {
  access::Caller caller{ask.repository, ask.authorization};
  auto verdict = co_await node.access.may(std::move(caller), ask.digest, ask.kind, false);
  if (verdict && std::holds_alternative<access::Granted>(*verdict)) granted = std::get<access::Granted>(*verdict);
}

Task<void> read_part(pull::PartReader& reader, origin::Stretch stretch, std::optional<Result<pull::PartBytes>>& part) {
  auto bytes = co_await reader.next(stretch);
  part = std::move(bytes);
}

PullingNode::Room room() {
  return {50_MiB, {}, origin::access_origin};
}

struct Stage {
  explicit Stage(const pull::Limits& limits = {}) : node(limits, {}, http::connect_websocket, room()) {}
  Reader& read(const pull::Ask& ask) {
    readers.emplace_back();
    spawn(node.loop, read_as(node, ask, readers.back()));
    node.settle();
    return readers.back();
  }
  ScriptedOrigin::Registry& registry(const std::string& upstream) { return node.origin.registries[upstream]; }
  void go_on() {
    node.origin.go_on();
    node.settle();
  }
  void pass_time(Milliseconds time) {
    node.clock.advance(time);
    node.settle();
  }

  PullingNode node;
  Bytes content = numbered_bytes(size);
  Digest layer = node.origin.add(content);
  std::deque<Reader> readers;
};

void got(const Reader& reader, const Bytes& content) {
  CHECK(reader.ended);
  INFO((reader.error ? reader.error->what : std::string()));
  CHECK_FALSE(reader.error);
  CHECK_FALSE(reader.is_refused);
  CHECK((reader.bytes == content));
}

void failed(const Reader& reader, ErrorKind kind) {
  CHECK(reader.ended);
  REQUIRE(reader.error);
  CHECK(reader.error->kind == kind);
  CHECK(reader.bytes.empty());
}

}  // namespace

TEST_CASE("a registry that is slow and then has nothing holds no other registry's caller up") {
  Stage stage;
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
  Stage stage;
  for (const char* upstream : {"evil1", "evil2", "evil3", "evil4"}) {
    stage.registry(upstream).is_silent = true;
    stage.read(tenant(stage.node, upstream, stage.layer));
  }
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  stage.pass_time(Milliseconds(1'000));
  got(good, stage.content);
}

TEST_CASE("what the first caller's registry refuses, has not or cannot send, the next one's gives at once") {
  Stage stage;
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
  Stage stage;
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
  Stage stage;
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
  Stage stage;
  stage.registry("evil").sends = numbered_bytes(7);
  stage.registry("evil").stalls_at = 0;
  stage.read(tenant(stage.node, "evil", stage.layer, 7));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer, std::nullopt));
  stage.pass_time(Milliseconds(1'000));
  stage.pass_time(Milliseconds(1'000));
  got(good, stage.content);
}

TEST_CASE("a body that breaks off at one registry goes on at the next from its first missing byte") {
  Stage stage;
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
  Stage stage;
  Bytes wrong = stage.content;
  wrong[size / 2] ^= std::byte{1};
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
  Stage stage;
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
  Stage stage(limits);
  stage.registry("evil").is_silent = true;
  stage.read(tenant(stage.node, "evil", stage.node.origin.add(numbered_bytes(size, 2))));
  Reader& good = stage.read(tenant(stage.node, "good", stage.layer));
  got(good, stage.content);
}

TEST_CASE("who asks the origin itself asks nothing more: it has sent the layer") {
  Stage stage;
  Reader& reader = stage.read(tenant(stage.node, "good", stage.layer));
  got(reader, stage.content);
  CHECK(stage.node.origin.asked == 0);
  CHECK(stage.node.store.find(stage.layer)->side().upstreams == std::vector<std::string>{"good"});
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
  CHECK(stage.node.origin.asked == 0);
}

TEST_CASE("a held layer is served to another registry's callers once that registry has it") {
  Stage stage;
  got(stage.read(tenant(stage.node, "good", stage.layer)), stage.content);
  const bool has_it = GENERATE(true, false);
  stage.registry("other").has_nothing = !has_it;
  Reader& other = stage.read(tenant(stage.node, "other", stage.layer));
  CHECK(stage.node.origin.asked_at == std::vector<std::string>{"other"});
  CHECK(other.is_refused == !has_it);
  if (has_it) got(other, stage.content);
}

TEST_CASE("a restarted node knows from the side file which registry a layer is known from") {
  Stage stage;
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
  const Bytes content = numbered_bytes(size);
  const Digest layer = node.origin.add(content);
  node.origin.registries["reg"].has_nothing = !has_it;
  control::Joined joined = joined_to(layer, 1);
  joined.size_bytes = size;
  joined.piece_length_bytes = static_cast<std::uint32_t>(piece_length_for(ByteCount{size}).value);
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
  Stage stage;
  pull::LazyReads lazy(stage.node.parts, {});
  const pull::Ask evil = tenant(stage.node, "evil", stage.layer);
  const pull::Ask good = tenant(stage.node, "good", stage.layer);
  static_cast<void>(lazy.choose(evil, ByteCount{5}, 0, 5));
  lazy.note_failed_fetch(evil);
  CHECK(lazy.choose(good, ByteCount{size}, 0, size) == pull::LazyReads::Source::layer);
}

TEST_CASE("pieces that arrive for one registry's callers are no part for another's, which does not have the layer") {
  Stage stage;
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
  pull::PartReader reader(stage.node.parts, stage.node.pulls, lazy, {*granted, ask}, ByteCount{size}, 100);
  std::optional<Result<pull::PartBytes>> part;
  spawn(stage.node.loop, read_part(reader, {0, 100}, part));
  stage.node.settle();
  REQUIRE(part);
  CHECK(part->has_value() == is_good);
  if (!is_good) CHECK(part->error().answered->status == 404);
}
