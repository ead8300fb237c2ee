// A seeder that may have few layers open at once, because the process has few descriptors.
#include <set>

#include "tests/unit/tracker/seeder_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker::seeder;

namespace {

constexpr ByteCount size{300'000};

struct Few : SeederFixture {
  Digest add(int seed) { return source.add(numbered_bytes(size.value, seed)); }
  void request_layer(const Digest& digest) { few.request_layer(request(digest)); }
  bool is_open(const Digest& digest) { return swarm.swarms.contains(name(digest)) && !swarm_of(digest, size).left; }
  SwarmName name(const Digest& digest) const { return swarm_name(keys.swarm, digest, PieceLayout(size), 0); }
  Parts few_parts() {
    Parts changed = parts(first_generation);
    changed.swarms.most = 2;
    changed.swarms.is_needed = [this](const Digest& digest) { return needed.contains(digest); };
    return changed;
  }
  std::set<Digest> needed;  // by members of their swarms
  Seeder few{few_parts()};
};

}  // namespace

TEST_CASE("a seeder with as many swarms as allowed ends the one whose members have all pieces for the next layer") {
  Few f;
  const Digest first = f.add(1);
  const Digest second = f.add(2);
  const Digest third = f.add(3);
  f.needed = {second, third};
  f.request_layer(first);
  f.request_layer(second);
  REQUIRE(f.until([&] { return f.store.holds(first) && f.store.holds(second); }));
  f.settle();
  f.request_layer(third);
  REQUIRE(f.until([&] { return f.store.holds(third); }));
  CHECK_FALSE(f.is_open(first));
  CHECK(f.is_open(second));
  CHECK(f.is_open(third));
}

TEST_CASE("while all swarms are needed the next layer waits, and its agents are told so; then it is fetched") {
  Few f;
  const Digest first = f.add(1);
  const Digest second = f.add(2);
  const Digest third = f.add(3);
  f.needed = {first, second, third};
  f.request_layer(first);
  f.request_layer(second);
  REQUIRE(f.until([&] { return f.store.holds(first) && f.store.holds(second); }));
  f.settle();
  f.request_layer(third);
  f.settle();
  CHECK(f.source.opened_from.size() == 2);
  f.clock.advance(Milliseconds(1'000));
  CHECK(f.few.waiting_for_origin() == std::vector<WaitingLayer>{{third}});
  f.needed.erase(first);
  f.few.tick([](const Digest&) { return Seeder::Members{.any = true, .lacking = true}; });
  CHECK(f.until([&] { return f.store.holds(third); }));
  CHECK_FALSE(f.is_open(first));
}

TEST_CASE("a held layer is seeded at once, however many swarms there are, and one that is not needed ends for it") {
  Few f;
  std::vector<Digest> layers;
  for (int i = 1; i <= 3; ++i) {
    layers.push_back(f.add(i));
    f.request_layer(layers.back());
    REQUIRE(f.until([&] { return f.store.holds(layers.back()); }));
    f.settle();
  }
  CHECK_FALSE(f.is_open(layers[0]));
  f.needed = {layers[0], layers[1], layers[2]};
  f.request_layer(layers[0]);
  f.settle();
  CHECK(f.is_open(layers[0]));
  CHECK(f.is_open(layers[1]));
  CHECK(f.is_open(layers[2]));
  CHECK(f.source.opened_from.size() == 3);
  f.needed = {layers[0]};
  f.few.tick([](const Digest&) { return Seeder::Members{.any = true, .lacking = true}; });
  CHECK(f.is_open(layers[0]));
  CHECK(f.is_open(layers[1]) != f.is_open(layers[2]));
}
