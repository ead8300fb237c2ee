#include "tracker/seeder/seeder.hpp"

#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

TEST_CASE("many joins of an unknown layer start exactly one origin fetch, and the layer is kept") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  for (int i = 0; i < 100; ++i) CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(f.request(digest))));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0});
  REQUIRE(f.told.known_layers.size() == 1);
  CHECK(f.told.known_layers[0].size == layer_size);
  CHECK_FALSE(f.told.known_layers[0].is_small);
  CHECK(f.held_bytes(digest) == content);
}

TEST_CASE("pieces are published, and the layer may be joined, before the origin has finished") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(1'000'000);
  f.seeder.request_layer(f.request(digest));
  const PieceIndex arrived = 1'000'000 / 16'384;
  REQUIRE(f.until(
      [&] { return !f.told.known_layers.empty() && f.swarm_of(digest, layer_size).in_file.size() == arrived; }));
  CHECK(f.told.finished_layers.empty());
  CHECK(std::holds_alternative<LayerInfo>(f.seeder.request_layer(f.request(digest))));
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.told.finished_layers.empty(); }));
  CHECK(f.swarm_of(digest, layer_size).in_file.size() == PieceLayout(layer_size).count());
}

TEST_CASE("each piece is published once, in order, its hash in a batch that the tracker signed") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.finished_layers.empty(); }));
  const PieceLayout layout(layer_size);
  const auto& joined = f.swarm_of(digest, layer_size);
  CHECK(joined.role == swarm::Role::seed);
  REQUIRE(joined.in_file.size() == layout.count());
  for (PieceIndex piece = 0; piece < layout.count(); ++piece) CHECK(joined.in_file[piece] == piece);
  PieceHashes hashes(layout);
  const SwarmName name = swarm_name(f.keys.swarm, digest, layout, 0);
  for (const HashBatch& batch : joined.batches) CHECK(hashes.add(batch, name, f.keys.signing.public_key()));
  REQUIRE(hashes.complete());
  const auto& signature = f.told.finished_layers[0].finished;
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
  f.seeder.request_layer(f.request(digest));
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

TEST_CASE("a layer waits for the origin while that gives nothing, and for its turn") {
  SeederFixture f;
  f.source.allow(100'000);
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  CHECK(f.seeder.waiting_for_origin().empty());
  f.settle();
  f.clock.advance(LayerFetch::patience);
  CHECK(f.seeder.waiting_for_origin() == std::vector{WaitingLayer{digest, false}});
  f.source.allow(200'000);
  f.settle();
  CHECK(f.seeder.waiting_for_origin().empty());
  f.source.allow(layer_size.value);
  CHECK(f.until([&] { return f.store.find(digest).has_value(); }));
  f.clock.advance(LayerFetch::patience);
  CHECK(f.seeder.waiting_for_origin().empty());
}

TEST_CASE("no more layers than the bound are fetched at once, the others wait for their turn") {
  SeederFixture f;
  f.source.allow(0);
  f.source.upstreams.insert("other");  // one registry has no more than three quarters of them
  for (std::size_t i = 0; i < Seeder::largest_fetches; ++i) {
    SeedRequest request = f.request(f.source.add(numbered_bytes(1'000, static_cast<int>(i))));
    if (i % 2 == 0) request.repository.upstream = "other";
    CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(request)));
  }
  const Digest last = f.source.add(numbered_bytes(1'000, 1'000));
  CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(f.request(last))));
  f.until([&] { return f.source.opened_from.size() >= Seeder::largest_fetches; });
  f.settle();
  CHECK(f.source.opened_from.size() == Seeder::largest_fetches);
  f.source.allow(1 << 20);
  CHECK(f.until([&] { return f.store.find(last).has_value(); }));
}

TEST_CASE("a refusal is remembered for two seconds, then the origin is asked again") {
  SeederFixture f;
  const Digest unknown = digest_of(DigestAlgorithm::sha256, bytes_of("nowhere"));
  f.seeder.request_layer(f.request(unknown));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.refusals[0].reason == control::Reason::not_found);
  CHECK(std::holds_alternative<Refusal>(f.seeder.request_layer(f.request(unknown))));
  f.clock.advance(Milliseconds(2'000));
  CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(f.request(unknown))));
  CHECK(f.until([&] { return f.source.opened_from.size() == 2; }));
}

TEST_CASE("a refusal counts for the source that it came from alone, another one is asked") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.next_answers({{.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(std::holds_alternative<Refusal>(f.seeder.request_layer(f.request(digest))));
  const SeedRequest elsewhere{digest, origin::Kind::blob, {"reg", "library/busybox"}};
  CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(elsewhere)));
  REQUIRE(f.until_held(digest));
  CHECK(f.source.opened_at == std::vector<std::string>{"library/alpine", "library/busybox"});
}

TEST_CASE("a refusal counts for the caller that it was given to alone, and not while an agent holds the layer") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.credentials = std::set<std::string>{"Bearer right"};
  SeedRequest of_wrong = f.request(digest);
  of_wrong.authorization = Secret("Bearer wrong");
  f.seeder.request_layer(of_wrong);
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.refusals[0].answered->status == 401);
  CHECK(std::holds_alternative<Refusal>(f.seeder.request_layer(of_wrong)));
  CHECK(f.source.opened_as.size() == 1);
  SECTION("another caller is asked for anew") {
    SeedRequest of_right = f.request(digest);
    of_right.authorization = Secret("Bearer right");
    CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(of_right)));
    REQUIRE(f.until_held(digest));
  }
  SECTION("an agent that holds the layer is asked") {
    f.holders = {{"127.0.0.1", 1, "holder", false}};
    CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(of_wrong)));
    REQUIRE(f.until([&] { return f.told.refusals.size() == 2; }));  // nobody listens there
    CHECK(f.source.opened_as.size() == 2);
  }
}

TEST_CASE("wrong bytes are fetched again once, under the next generation, and then kept") {
  SeederFixture f;
  const Bytes content = numbered_bytes(layer_size.value);
  const Digest digest = f.source.add(content);
  Bytes wrong = content;
  wrong[2'000'000] ^= std::byte{1};
  f.source.next_answers({{.bytes = wrong}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.told.restarts == std::vector<Generation>{1});
  CHECK(f.source.opened_from.size() == 2);
  CHECK(f.swarm_of(digest, layer_size, 0).left);
  CHECK_FALSE(f.swarm_of(digest, layer_size, 1).left);
  CHECK(f.store.find(digest)->side().generation == 1);
  CHECK(f.held_bytes(digest) == content);
  CHECK(f.told.known_layers.back().generation == 1);
}

TEST_CASE("a fetch that goes on from nothing never takes the generation of an earlier one") {
  SeederFixture f;
  static Generation next = 0;
  next = 0;
  const auto hundreds = []() -> Generation { return next += 100; };
  Seeder seeder{f.parts(hundreds)};
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Bytes wrong = numbered_bytes(layer_size.value, 2);
  f.source.next_answers({{.bytes = wrong}, {.bytes = wrong}});
  seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.restarts == std::vector<Generation>{101});
  f.clock.advance(Seeder::remember_refusal);
  seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  CHECK(f.told.known_layers.back().generation == 200);
  CHECK(random_generation() != random_generation());
}

TEST_CASE("bytes that are wrong twice end in a refusal, and nothing is kept") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  const Bytes wrong = numbered_bytes(layer_size.value, 2);
  f.source.next_answers({{.bytes = wrong}, {.bytes = wrong}});
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return !f.told.refusals.empty(); }));
  CHECK(f.told.finished_layers.empty());
  CHECK_FALSE(f.store.find(digest));
  CHECK(f.swarm_of(digest, layer_size, 1).left);
  CHECK(f.metrics.corrupt_layers.value() == 1);
  CHECK(f.store.reserved() == ByteCount{0});
}

TEST_CASE("a held layer is seeded from the store, all pieces at once, without asking the origin") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  f.clock.advance(Seeder::leave_after);
  CHECK(f.seeder.tick([](const Digest&) { return Seeder::Members{}; }) == std::vector<Digest>{digest});
  CHECK(f.swarm_of(digest, layer_size).left);

  CHECK(std::holds_alternative<Pending>(f.seeder.request_layer(f.request(digest))));
  const auto& again = f.swarm_of(digest, layer_size);
  CHECK_FALSE(again.left);
  CHECK(again.in_file.size() == PieceLayout(layer_size).count());
  REQUIRE(f.until([&] { return f.told.known_layers.size() == 2; }));
  CHECK(f.told.known_layers[1].finished.has_value());
  CHECK(f.source.opened_from.size() == 1);
}

TEST_CASE("a swarm that has members is not left") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until([&] { return f.store.find(digest).has_value(); }));
  f.clock.advance(Seeder::leave_after);
  CHECK(f.seeder.tick([](const Digest&) { return Seeder::Members{.any = true}; }).empty());
  CHECK_FALSE(f.swarm_of(digest, layer_size).left);
}

TEST_CASE("a registry that is not configured is never asked") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(1'000));
  const SeedRequest elsewhere{digest, origin::Kind::blob, {"other.example.com", "library/alpine"}};
  const SeedResult result = f.seeder.request_layer(elsewhere);
  REQUIRE(std::holds_alternative<Refusal>(result));
  CHECK(std::get<Refusal>(result).reason == control::Reason::upstream);
  CHECK(std::get<Refusal>(result).of_tracker);
  CHECK(std::get<Refusal>(result).what.find("the tracker's own configuration file") != std::string::npos);
  CHECK(f.metrics.unknown_registries.value() == 1);
  f.settle();
  CHECK(f.source.opened_from.empty());
}

TEST_CASE("a registry that was found unreachable refuses each layer at once, and says whose configuration to look at") {
  SeederFixture f;
  f.source.unreachable = Error{ErrorKind::unavailable, "connection refused", Milliseconds(0), Fault::port_closed};
  for (int i = 0; i < 3; ++i) {
    const SeedResult result = f.seeder.request_layer(f.request(f.source.add(numbered_bytes(1'000 + i))));
    REQUIRE(std::holds_alternative<Refusal>(result));
    CHECK(std::get<Refusal>(result).reason == control::Reason::unavailable);
    CHECK(std::get<Refusal>(result).of_tracker);
    CHECK(std::get<Refusal>(result).what ==
          "by [upstreams] of the tracker's own configuration file: connection refused");
  }
  f.settle();
  CHECK(f.source.opened_from.empty());
}

TEST_CASE("layers whose registry limits its requests wait for their turn") {
  SeederFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.source.allow(0);
  f.seeder.request_layer(f.request(digest));
  f.settle();
  f.clock.advance(LayerFetch::patience);
  REQUIRE(f.seeder.waiting_for_origin().size() == 1);
  CHECK_FALSE(f.seeder.waiting_for_origin()[0].is_paced);
  f.source.paced = true;
  CHECK(f.seeder.waiting_for_origin()[0].is_paced);
}

namespace {

// A layer whose swarm had no members for a while, and that is seeded from the disk now.
Digest held_and_wanted_again(SeederFixture& f) {
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  f.clock.advance(Seeder::leave_after);
  f.seeder.tick([](const Digest&) { return Seeder::Members{}; });
  f.seeder.request_layer(f.request(digest));
  return digest;
}

}  // namespace

TEST_CASE("a held layer that the disk does not give is dropped, and fetched again at the next request") {
  SeederFixture f;
  const Digest digest = held_and_wanted_again(f);
  REQUIRE(f.until([&] { return f.told.known_layers.size() == 2; }));

  const SwarmName name = swarm_name(f.keys.swarm, digest, PieceLayout(layer_size), 0);
  f.swarm.report(name, swarm::Failed{{ErrorKind::unavailable, "read piece: Input/output error"}});
  f.told.take(f.events);
  CHECK(f.told.refusals.size() == 1);
  CHECK_FALSE(f.store.holds(digest));
  f.clock.advance(Seeder::remember_refusal);
  f.seeder.request_layer(f.request(digest));
  REQUIRE(f.until_held(digest));
  CHECK(f.source.opened_from.size() == 2);
}

TEST_CASE("a held layer whose swarm cannot be joined is kept") {
  SeederFixture f;
  const Digest digest = held_and_wanted_again(f);
  const SwarmName name = swarm_name(f.keys.swarm, digest, PieceLayout(layer_size), 0);
  f.swarm.report(name, swarm::Failed{{ErrorKind::unavailable, "join swarm"}});
  f.told.take(f.events);
  CHECK(f.told.refusals.size() == 1);
  CHECK(f.store.holds(digest));
}
