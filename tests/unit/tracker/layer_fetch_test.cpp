// One fetch of a layer from an origin that fails, resumes or says when to come back.
#include "tracker/seeder/layer_fetch.hpp"

#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

TEST_CASE("a body that breaks off is resumed by Range from the first missing byte") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  f.source.next_answers({{.cut_after = 1'234'567}, {.cut_after = 2'000'000}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0, 1'234'567, 2'000'000});
  CHECK(f.held_bytes(digest) == content);
  CHECK(f.told.restarts.empty());
}

TEST_CASE("a fetch goes on where an earlier one ended, and everything is published again") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  f.source.next_answers({{.cut_after = 1'234'567},
                         {.cut_after = 1'234'567},
                         {.cut_after = 1'234'567},
                         {.cut_after = 1'234'567},
                         {.cut_after = 1'234'567}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  REQUIRE(f.store.partial() == layer_size);
  f.source.next_answers({});
  f.source.opened_from.clear();
  f.clock.advance(Seeder::remember_refusal);
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  const std::uint64_t piece = piece_length_for(layer_size).value;
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{1'234'567 / piece * piece});
  CHECK(f.held_bytes(digest) == content);
  CHECK(f.store.partial() == ByteCount{0});
  const auto& published = f.swarm_of(digest, layer_size).in_file;
  REQUIRE(published.size() == PieceLayout(layer_size).count());
  CHECK(std::is_sorted(published.begin(), published.end()));
}

TEST_CASE("an origin that breaks off again and again ends in a refusal, and the swarm is left") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers(
      {{.cut_after = 100'000}, {.cut_after = 100'000}, {.cut_after = 100'000}, {.cut_after = 100'000}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.refusals[0].reason == control::Reason::unavailable);
  CHECK(f.source.opened_from.size() == 4);
  CHECK(f.swarm_of(digest, layer_size).left);
  CHECK(f.store.reserved() == ByteCount{0});
}

TEST_CASE("an origin that fails to answer is asked ever later for ten seconds, then the layer is refused") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Error failure{ErrorKind::unavailable, "connect: Connection refused"};
  f.source.next_answers(std::deque<MemorySource::Body>(20, {.error = failure}));
  const Time began = f.clock.now();
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.source.opened_from.size() == 6);
  CHECK(f.clock.now() - began < LayerFetch::origin_limits.open_time);
  CHECK(f.told.refusals[0].reason == control::Reason::unavailable);
  CHECK(f.told.refusals[0].what == failure.what);
}

TEST_CASE("an origin that cannot be reached is not asked again, and the refusal says that it is the tracker's") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Fault fault = GENERATE(Fault::port_closed, Fault::no_name, Fault::no_connection, Fault::not_tls,
                               Fault::tls_expected, Fault::no_route);
  const Error failure{ErrorKind::unavailable, "connect: no", Milliseconds(0), fault};
  f.source.next_answers(std::deque<MemorySource::Body>(20, {.error = failure}));
  const Time began = f.clock.now();
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.source.opened_from.size() == 1);
  CHECK(f.clock.now() - began <= Milliseconds(50));
  CHECK(f.told.refusals[0].reason == control::Reason::unavailable);
  CHECK(f.told.refusals[0].of_tracker);
}

TEST_CASE("an origin that goes in mid-layer is waited for as long as one that fails") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  const Error gone{ErrorKind::unavailable, "connect: no", Milliseconds(0), Fault::port_closed};
  f.source.next_answers({{.cut_after = 1'234'567}, {.error = gone}, {.error = gone}, {.error = gone}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0, 1'234'567, 1'234'567, 1'234'567, 1'234'567});
  CHECK(f.held_bytes(digest) == content);
}

TEST_CASE("an origin with a short Retry-After is asked again after it") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(4'000)}}});
  f.seeder.request_layer(f.request(digest));
  f.settle();
  f.clock.advance(Milliseconds(3'000));
  f.settle();
  CHECK(f.source.opened_from.size() == 1);
  f.clock.advance(Milliseconds(1'000));
  CHECK(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.told.refusals.empty());
}

TEST_CASE("an origin whose Retry-After is long refuses the layer at once, and the refusal says for how long") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.source.opened_from.size() == 1);
  CHECK(f.told.refusals[0].retry_after == Milliseconds(30'000));
}

TEST_CASE("an origin that answers after a failure is used") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "503"}}});
  f.seeder.request_layer(f.request(digest));
  CHECK(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.told.refusals.empty());
}

TEST_CASE("a layer that fits neither into the store nor into memory is refused with the reason") {
  SeederFixture f(1_MiB, 2, nullptr, {.largest = 1_MiB, .all = 500_KiB});
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.refusals[0].reason == control::Reason::unavailable);
  CHECK_FALSE(f.told.refusals[0].what.empty());
}

TEST_CASE("a swarm that fails while the origin sends ends the fetch with a refusal") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(1'000'000);
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.known_layers.empty(); }));
  const SwarmName name = swarm_name(f.keys.swarm, digest, PieceLayout(layer_size), 0);
  f.swarm.report(name, swarm::Failed{{ErrorKind::unavailable, "read piece: Input/output error"}});
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.swarm_of(digest, layer_size).left);
}
