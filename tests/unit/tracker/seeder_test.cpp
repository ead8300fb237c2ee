#include "tracker/seeder/seeder.hpp"

#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

constexpr ByteCount layer_size{3'000'000};  // 184 pieces of 16 KiB

}  // namespace

TEST_CASE("many joins of an unknown layer start exactly one origin fetch, and the layer is kept") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  for (int i = 0; i < 100; ++i) CHECK(std::holds_alternative<Pending>(f.seeder.want(f.wanted(digest))));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0});
  REQUIRE(f.events.known_layers.size() == 1);
  CHECK(f.events.known_layers[0].size == layer_size);
  CHECK_FALSE(f.events.known_layers[0].is_small);
  CHECK(f.held_bytes(digest) == content);
}

TEST_CASE("pieces are published, and the layer may be joined, before the origin has finished") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(1'000'000);
  f.seeder.want(f.wanted(digest));
  const PieceIndex arrived = 1'000'000 / 16'384;
  REQUIRE(f.until(
      [&] { return !f.events.known_layers.empty() && f.swarm_of(digest, layer_size).in_file.size() == arrived; }));
  CHECK(f.events.finished_layers.empty());
  CHECK(std::holds_alternative<LayerInfo>(f.seeder.want(f.wanted(digest))));
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.events.finished_layers.empty(); }));
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == PieceLayout(layer_size).count());
}

TEST_CASE("each piece is published once, in order, its hash in a batch that the tracker signed") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.finished_layers.empty(); }));
  const PieceLayout layout(layer_size);
  const auto& joined = f.swarm_of(digest, layer_size);
  CHECK(joined.role == swarm::Role::seed);
  REQUIRE(joined.in_file.size() == layout.count());
  for (PieceIndex piece = 0; piece < layout.count(); ++piece) CHECK(joined.in_file[piece] == piece);
  PieceHashes hashes(layout);
  const SwarmName name = swarm_name(f.keys.swarm, digest, layout, 0);
  for (const HashBatch& batch : joined.batches) CHECK(hashes.add(batch, name, f.keys.signing.public_key()));
  REQUIRE(hashes.complete());
  const auto& signature = f.events.finished_layers[0].finished;
  REQUIRE(signature);
  CHECK(verify_list(f.keys.signing.public_key(), digest, layer_size, hashes.all(), *signature));
  REQUIRE(f.seeder.batch(digest, 0, 100));
  CHECK(f.seeder.batch(digest, 0, 100)->first <= 100);
  CHECK_FALSE(f.seeder.batch(digest, 1, 100));
  CHECK_FALSE(f.seeder.batch(digest, 0, 100'000));
}

TEST_CASE("pieces that follow quickly wait for their batch, at most 20 ms at first and 100 ms later") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(16'384);
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.swarm.swarms.empty() && f.swarm_of(digest, layer_size).in_file.size() == 1; }));
  const auto run_only = [&] {
    for (int i = 0; i < 50; ++i) {
      f.loop.restart();
      f.loop.run_for(Milliseconds(1));
    }
  };
  f.clock.advance(Milliseconds(100));
  f.source.allow(2 * 16'384);
  run_only();
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == 2);  // the last batch is old: at once
  f.source.allow(3 * 16'384);
  run_only();
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == 2);
  f.clock.advance(Milliseconds(20));
  run_only();
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == 3);
  f.source.allow(40 * 16'384);
  run_only();
  const std::size_t first = f.swarm_of(digest, layer_size).in_file.size();
  CHECK(first >= 32);  // in whole batches
  f.clock.advance(Milliseconds(100));
  run_only();
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == 40);
  f.source.allow(42 * 16'384);
  run_only();
  f.clock.advance(Milliseconds(99));
  run_only();
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == 40);
  f.clock.advance(Milliseconds(1));
  run_only();
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == 42);
}

TEST_CASE("a body that breaks off is resumed by Range from the first missing byte") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  f.source.next_answers({{.cut_after = 1'234'567}, {.cut_after = 2'000'000}});
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0, 1'234'567, 2'000'000});
  CHECK(f.held_bytes(digest) == content);
  CHECK(f.events.restarts.empty());
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
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  REQUIRE(f.store.partial() == layer_size);
  f.source.next_answers({});
  f.source.opened_from.clear();
  f.clock.advance(Seeder::remember_refusal);
  f.seeder.want(f.wanted(digest));
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
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.events.refusals[0].reason == control::Reason::unavailable);
  CHECK(f.source.opened_from.size() == 4);
  CHECK(f.swarm_of(digest, layer_size).left);
  CHECK(f.store.reserved() == ByteCount{0});
}

TEST_CASE("an origin that fails to answer is asked ever later for ten seconds, then everybody is refused") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Error failure{ErrorKind::unavailable, "connect: Connection refused"};
  f.source.next_answers(std::deque<MemorySource::Body>(20, {.error = failure}));
  const Time began = f.clock.now();
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.source.opened_from.size() == 6);
  CHECK(f.clock.now() - began < OriginReader::keep_asking);
  CHECK(f.events.refusals[0].reason == control::Reason::unavailable);
  CHECK(f.events.refusals[0].what == failure.what);
}

TEST_CASE("an origin that says when to come back is asked then") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(4'000)}}});
  f.seeder.want(f.wanted(digest));
  f.settle();
  f.clock.advance(Milliseconds(3'000));
  f.settle();
  CHECK(f.source.opened_from.size() == 1);
  f.clock.advance(Milliseconds(1'000));
  CHECK(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.events.refusals.empty());
}

TEST_CASE("an origin that wants to be left alone for long refuses at once, and everybody is told for how long") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.source.opened_from.size() == 1);
  CHECK(f.events.refusals[0].retry_after == Milliseconds(30'000));
}

TEST_CASE("a layer waits for the origin while that gives nothing, and for its turn") {
  SeederFixture f;
  f.source.allow(100'000);
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.want(f.wanted(digest));
  CHECK(f.seeder.waiting_for_origin().empty());
  f.settle();
  f.clock.advance(Seeder::patient);
  CHECK(f.seeder.waiting_for_origin() == std::vector{digest});
  f.source.allow(200'000);
  f.settle();
  CHECK(f.seeder.waiting_for_origin().empty());
  f.source.allow(layer_size.value);
  CHECK(f.until([&] { return f.store.find(digest).has_value(); }));
  f.clock.advance(Seeder::patient);
  CHECK(f.seeder.waiting_for_origin().empty());
}

TEST_CASE("an origin that answers after a failure is used") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "503"}}});
  f.seeder.want(f.wanted(digest));
  CHECK(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.events.refusals.empty());
}

TEST_CASE("no more layers than the bound are fetched at once, the others wait for their turn") {
  SeederFixture f;
  f.source.allow(0);
  for (std::size_t i = 0; i < Seeder::largest_fetches; ++i) {
    const Digest digest = f.source.add(numbered_bytes(1'000, static_cast<int>(i)));
    CHECK(std::holds_alternative<Pending>(f.seeder.want(f.wanted(digest))));
  }
  const Digest last = f.source.add(numbered_bytes(1'000, 1'000));
  CHECK(std::holds_alternative<Pending>(f.seeder.want(f.wanted(last))));
  f.until([&] { return f.source.opened_from.size() >= Seeder::largest_fetches; });
  f.settle();
  CHECK(f.source.opened_from.size() == Seeder::largest_fetches);
  f.source.allow(1 << 20);
  CHECK(f.until([&] { return f.store.find(last).has_value(); }));
}

TEST_CASE("a refusal is remembered for two seconds, then the origin is asked again") {
  SeederFixture f;
  const Digest unknown = digest_of(DigestAlgorithm::sha256, bytes_of("nowhere"));
  f.seeder.want(f.wanted(unknown));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.events.refusals[0].reason == control::Reason::not_found);
  CHECK(std::holds_alternative<Refusal>(f.seeder.want(f.wanted(unknown))));
  f.clock.advance(Milliseconds(2'000));
  CHECK(std::holds_alternative<Pending>(f.seeder.want(f.wanted(unknown))));
  CHECK(f.until([&] { return f.source.opened_from.size() == 2; }));
}

TEST_CASE("a refusal counts for the source that it came from alone, another one is asked") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(std::holds_alternative<Refusal>(f.seeder.want(f.wanted(digest))));
  const Wanted elsewhere{digest, origin::Kind::blob, {"reg", "library/busybox"}};
  CHECK(std::holds_alternative<Pending>(f.seeder.want(elsewhere)));
  REQUIRE(f.until_held(digest));
  CHECK(f.source.opened_at == std::vector<std::string>{"library/alpine", "library/busybox"});
}

TEST_CASE("wrong bytes are fetched again once, under the next generation, and then kept") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  Bytes wrong = content;
  wrong[2'000'000] ^= std::byte{1};
  f.source.next_answers({{.bytes = wrong}});
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.events.restarts == std::vector<Generation>{1});
  CHECK(f.source.opened_from.size() == 2);
  CHECK(f.swarm_of(digest, layer_size, 0).left);
  CHECK_FALSE(f.swarm_of(digest, layer_size, 1).left);
  CHECK(f.store.find(digest)->side().generation == 1);
  CHECK(f.held_bytes(digest) == content);
  CHECK(f.events.known_layers.back().generation == 1);
}

TEST_CASE("a fetch that goes on from nothing never takes the generation of an earlier one") {
  SeederFixture f;
  static Generation next = 0;
  next = 0;
  const auto hundreds = []() -> Generation { return next += 100; };
  Seeder seeder{{f.loop, f.clock, f.pool, f.store, f.swarm, f.source, f.keys, f.pace, f.metrics, hundreds}, f.events};
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Bytes wrong = numbered_bytes(layer_size.value, 2);
  f.source.next_answers({{.bytes = wrong}, {.bytes = wrong}});
  seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.events.restarts == std::vector<Generation>{101});
  f.clock.advance(Seeder::remember_refusal);
  seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.events.known_layers.back().generation == 200);
  CHECK(random_generation() != random_generation());
}

TEST_CASE("bytes that are wrong twice end in a refusal, and nothing is kept") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Bytes wrong = numbered_bytes(layer_size.value, 2);
  f.source.next_answers({{.bytes = wrong}, {.bytes = wrong}});
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.events.finished_layers.empty());
  CHECK_FALSE(f.store.find(digest));
  CHECK(f.swarm_of(digest, layer_size, 1).left);
  CHECK(f.metrics.corrupt_layers.value() == 1);
  CHECK(f.store.reserved() == ByteCount{0});
}

TEST_CASE("a held layer is seeded from the store, all pieces at once, without asking the origin") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  f.clock.advance(Seeder::leave_after);
  CHECK(f.seeder.tick([](const Digest&) { return false; }) == std::vector<Digest>{digest});
  CHECK(f.swarm_of(digest, layer_size).left);

  CHECK(std::holds_alternative<Pending>(f.seeder.want(f.wanted(digest))));
  const auto& again = f.swarm_of(digest, layer_size);
  CHECK_FALSE(again.left);
  CHECK(again.in_file.size() == PieceLayout(layer_size).count());
  REQUIRE(f.until([&] { return f.events.known_layers.size() == 2; }));
  CHECK(f.events.known_layers[1].finished.has_value());
  CHECK(f.source.opened_from.size() == 1);
}

TEST_CASE("a swarm that has members is not left") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  f.clock.advance(Seeder::leave_after);
  CHECK(f.seeder.tick([](const Digest&) { return true; }).empty());
  CHECK_FALSE(f.swarm_of(digest, layer_size).left);
}

TEST_CASE("a layer that does not fit into the store is refused with the reason") {
  SeederFixture f(1_MiB);
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.events.refusals[0].reason == control::Reason::unavailable);
  CHECK_FALSE(f.events.refusals[0].what.empty());
}

TEST_CASE("a registry that is not configured is never asked") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(1'000));
  const Wish wish = f.seeder.want({digest, origin::Kind::blob, {"other.example.com", "library/alpine"}});
  REQUIRE(std::holds_alternative<Refusal>(wish));
  CHECK(std::get<Refusal>(wish).reason == control::Reason::upstream);
  f.settle();
  CHECK(f.source.opened_from.empty());
}

TEST_CASE("a swarm that fails while the origin sends ends the fetch with a refusal") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(1'000'000);
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until([&] { return !f.events.known_layers.empty(); }));
  const SwarmName name = swarm_name(f.keys.swarm, digest, PieceLayout(layer_size), 0);
  f.swarm.report(name, swarm::Failed{{ErrorKind::unavailable, "read piece: Input/output error"}});
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.events.refusals.empty(); }));
  CHECK(f.swarm_of(digest, layer_size).left);
}

namespace {

// A layer that nobody was in the swarm of for a while, so that it is seeded from the disk now.
Digest held_and_wanted_again(SeederFixture& f) {
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until_held(digest));
  f.clock.advance(Seeder::leave_after);
  f.seeder.tick([](const Digest&) { return false; });
  f.seeder.want(f.wanted(digest));
  return digest;
}

}  // namespace

TEST_CASE("a held layer that the disk does not give is dropped, and fetched again for who wants it next") {
  SeederFixture f;
  const Digest digest = held_and_wanted_again(f);
  REQUIRE(f.until([&] { return f.events.known_layers.size() == 2; }));

  const SwarmName name = swarm_name(f.keys.swarm, digest, PieceLayout(layer_size), 0);
  f.swarm.report(name, swarm::Failed{{ErrorKind::unavailable, "read piece: Input/output error"}});
  CHECK(f.events.refusals.size() == 1);
  CHECK_FALSE(f.store.holds(digest));
  f.clock.advance(Seeder::remember_refusal);
  f.seeder.want(f.wanted(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.source.opened_from.size() == 2);
}

TEST_CASE("a held layer whose swarm cannot be joined is kept") {
  SeederFixture f;
  const Digest digest = held_and_wanted_again(f);
  const SwarmName name = swarm_name(f.keys.swarm, digest, PieceLayout(layer_size), 0);
  f.swarm.report(name, swarm::Failed{{ErrorKind::unavailable, "join swarm"}});
  CHECK(f.events.refusals.size() == 1);
  CHECK(f.store.holds(digest));
}

TEST_CASE("reading from origins keeps to its rate") {
  Loop loop;
  ManualClock clock(loop);
  Pace pace(clock, {1'000'000});
  bool done = false;
  const auto read = [](Pace& p, bool& finished) -> Task<void> {
    for (int i = 0; i < 20; ++i) co_await p.spend({100'000});
    finished = true;
  };
  spawn(loop, read(pace, done));
  int milliseconds = 0;
  while (!done && milliseconds < 10'000) {
    loop.restart();
    loop.poll();
    clock.advance(Milliseconds(1));
    ++milliseconds;
  }
  CHECK(milliseconds >= 1'700);
  CHECK(milliseconds <= 2'100);
}
