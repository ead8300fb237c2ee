// One layer under way, many callers with sources of their own: no registry's refusal, silence or lie is the answer to
// another's caller.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

const std::string evil = "evil/app";
const std::string good = "good/app";

struct Fixture : CoordinatorFixture {
  Fixture() {
    source.upstreams = {"evil", "good", "dead"};
    for (const char* node : {"a", "b", "c", "d"}) connect(node);
  }
  void join_at(const std::string& node, const std::string& upstream, std::uint64_t size_hint_bytes = 0) {
    join(node, digest, size_hint_bytes, "app", upstream);
  }
  std::vector<control::Joined> joined(const std::string& node) { return links[node].all<control::Joined>(); }
  std::vector<control::Refused> refused(const std::string& node) { return links[node].all<control::Refused>(); }
  bool until_joined(const std::string& node) {
    return until([&] { return !joined(node).empty(); });
  }
  bool until_refused(const std::string& node) {
    return until([&] { return !refused(node).empty(); });
  }
  Milliseconds passed() const { return std::chrono::duration_cast<Milliseconds>(clock.now() - began); }

  const Digest digest = source.add(numbered_bytes(layer_size.value));
  const Time began = clock.now();
};

constexpr Milliseconds soon = seeder::Openings::patience + Milliseconds(200);

}  // namespace

TEST_CASE("a registry that is silent does not hold up another's callers") {
  Fixture f;
  f.source.silent = {evil};
  f.source.absent_at = {evil};
  f.join_at("a", "evil");
  f.join_at("b", "good");
  REQUIRE(f.until_joined("b"));
  CHECK(f.passed() < soon);
  CHECK(f.joined("b")[0].at_source);
  f.source.let_answer(evil);  // 404, much later
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Finished>().empty(); }));
  f.settle();
  CHECK(f.refused("b").empty());
  for (const auto& answer : f.joined("a")) CHECK_FALSE(answer.at_source);  // its caller's own right decides
}

TEST_CASE("a caller that comes late does not wait for the silent registry of another either") {
  Fixture f;
  f.source.silent = {evil};
  f.join_at("a", "evil");
  f.settle();
  f.clock.advance(Milliseconds(2'000));
  const Milliseconds before = f.passed();
  f.join_at("b", "good");
  REQUIRE(f.until_joined("b"));
  CHECK(f.passed() - before < soon);
}

TEST_CASE("a registry that is silent for many layers leaves room for those of another") {
  Fixture f;
  f.source.silent = {evil};
  for (int i = 0; i < 100; ++i) f.join("a", f.source.add(numbered_bytes(300'000, 100 + i)), 0, "app", "evil");
  f.join_at("b", "good");
  REQUIRE(f.until_joined("b"));
  CHECK(f.passed() < soon);
  CHECK(f.source.opened_at.size() == seeder::most_of_one(seeder::Seeder::largest_fetches) + 1);
}

TEST_CASE("a registry that is silent is asked once, whatever repositories its callers name, and one after the other") {
  Fixture f;
  f.source.silent = {evil};
  f.join_at("a", "evil");
  f.join("b", f.digest, 0, "another", "evil");
  f.settle();
  f.clock.advance(Milliseconds(2'000));
  f.settle();
  CHECK(f.source.opened_at == std::vector<std::string>{"app"});
  f.source.absent_at = {evil};
  f.source.let_answer(evil);
  REQUIRE(f.until_joined("b"));
  CHECK(f.refused("a").size() == 1);
}

TEST_CASE("once a source has answered, no other one of its registry is asked") {
  Fixture f;
  f.source.silent = {good};
  f.join_at("a", "good");
  f.join("b", f.digest, 0, "another", "good");
  f.settle();
  f.source.let_answer(good);
  REQUIRE(f.until_joined("a"));
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Finished>().empty(); }));
  CHECK(f.source.opened_at == std::vector<std::string>{"app"});
}

TEST_CASE("a small layer comes from the registry that answers, too") {
  Fixture f;
  const Digest small = f.source.add(numbered_bytes(5'000));
  f.source.silent = {evil};
  f.join("a", small, 0, "app", "evil");
  f.join("b", small, 0, "app", "good");
  REQUIRE(f.until_joined("b"));
  CHECK(f.joined("b")[0].at_source);
  CHECK_FALSE(f.joined("b")[0].holders.empty());
  REQUIRE(f.until_joined("a"));
  CHECK_FALSE(f.joined("a")[0].at_source);
}

TEST_CASE("a refusal is told to its own callers at once, while another's registry is silent") {
  Fixture f;
  f.source.silent = {"dead/app"};
  f.source.absent_at = {evil};
  f.join_at("a", "dead");
  f.join_at("b", "evil");
  REQUIRE(f.until_refused("b"));
  CHECK(f.passed() < soon);
  CHECK(f.refused("b")[0].answer.status == 404);
  CHECK(f.refused("a").empty());
  f.join_at("c", "evil");  // remembered, though the layer is being fetched elsewhere
  CHECK(f.refused("c").size() == 1);
  f.join_at("d", "good");
  REQUIRE(f.until_joined("d"));
  CHECK(f.refused("d").empty());
  CHECK(f.refused("a").empty());
}

TEST_CASE("what the first origin breaks off, another caller's gives from the start: nobody reads on with a right to the first alone") {
  Fixture f;
  f.source.next_answers({{.cut_after = 1'000'000},
                         {.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  f.source.allow(500'000);
  f.join_at("a", "evil");
  REQUIRE(f.until_joined("a"));
  CHECK(f.joined("a")[0].at_source);
  f.join_at("b", "good");
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Finished>().empty(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0, 1'000'000, 0});
  CHECK(f.refused("a").empty());
  CHECK(f.refused("b").empty());
  for (const char* node : {"a", "b"}) {
    CHECK(f.links[node].all<control::Restart>().size() == 1);
    const std::size_t before = f.joined(node).size();
    f.join_at(node, std::string(node) == "a" ? "evil" : "good");
    REQUIRE(f.until([&] { return f.joined(node).size() > before; }));
    CHECK(f.joined(node).back().at_source == (std::string(node) == "b"));
    CHECK(f.joined(node).back().generation == f.links[node].all<control::Restart>()[0].generation);
  }
  REQUIRE(f.until_held(f.digest));
  CHECK(f.held_bytes(f.digest) == numbered_bytes(layer_size.value));
}

TEST_CASE("what the first origin breaks off another repository of the same registry gives from there") {
  Fixture f;
  f.source.next_answers({{.cut_after = 1'000'000},
                         {.error = Error{ErrorKind::unavailable, "429", Milliseconds(30'000)}}});
  f.source.allow(500'000);
  f.join_at("a", "good");
  REQUIRE(f.until_joined("a"));
  f.join("b", f.digest, 0, "another", "good");
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Finished>().empty(); }));
  CHECK(f.source.opened_from == std::vector<std::uint64_t>{0, 1'000'000, 1'000'000});
  CHECK(f.links["a"].all<control::Restart>().empty());
}

TEST_CASE("a registry that stops in the middle holds another's callers up for a second, and its own read nothing of the other's") {
  Fixture f;
  const bool is_small = GENERATE(true, false);
  const Digest layer = is_small ? f.source.add(numbered_bytes(100'000)) : f.digest;
  f.source.stalls = {evil};
  f.source.stalls_at = is_small ? 60'000 : 500'000;
  f.join("a", layer, 0, "app", "evil");
  f.settle();
  f.join("b", layer, 0, "app", "good");
  const Milliseconds before = f.passed();
  REQUIRE(f.until([&] { return is_small ? !f.joined("b").empty() : !f.links["b"].all<control::Restart>().empty(); }));
  CHECK(f.passed() - before <= seeder::CurrentSource::silence + Milliseconds(500));
  REQUIRE(f.until_held(layer));
  CHECK(f.refused("b").empty());
  f.join("b", layer, 0, "app", "good");
  f.join("a", layer, 0, "app", "evil");
  f.settle();
  CHECK(f.joined("b").back().at_source);
  CHECK_FALSE(f.joined("a").back().at_source);
  f.source.stalls.clear();
  f.source.go_on();
  f.settle();
}

TEST_CASE("a registry that stops in the middle is waited for when another one, asked meanwhile, has nothing") {
  Fixture f;
  f.source.stalls = {good};
  f.source.stalls_at = 500'000;
  f.source.absent_at = {evil};
  f.join_at("a", "good");
  REQUIRE(f.until_joined("a"));
  f.join_at("b", "evil");
  const Milliseconds before = f.passed();
  REQUIRE(f.until([&] { return f.passed() - before > Milliseconds(3'000); }));
  CHECK(f.links["a"].all<control::Restart>().empty());
  CHECK(f.source.opened_at.size() == 2);
  f.source.stalls.clear();
  f.source.go_on();
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Finished>().empty(); }));
  CHECK(f.refused("a").empty());
  CHECK(f.joined("a").size() == 1);
}

TEST_CASE("while a registry stops in the middle of a small layer, another's callers hear at once that theirs has nothing") {
  Fixture f;
  const Digest small = f.source.add(numbered_bytes(100'000));
  f.source.stalls = {good};
  f.source.stalls_at = 60'000;
  f.source.absent_at = {evil};
  f.join("a", small, 0, "app", "good");
  f.settle();
  f.join("b", small, 5, "app", "evil");
  REQUIRE(f.until_refused("b"));
  CHECK(f.refused("b")[0].answer.status == 404);
  CHECK(f.refused("b")[0].upstream == "evil");
  f.source.stalls.clear();
  f.source.go_on();
  REQUIRE(f.until_joined("a"));
  CHECK(f.refused("a").empty());
}

TEST_CASE("after wrong bytes of one registry another caller's is asked") {
  Fixture f;
  f.source.next_answers({{.bytes = numbered_bytes(layer_size.value, 9)}});
  f.source.allow(500'000);
  f.join_at("a", "evil");
  REQUIRE(f.until_joined("a"));
  f.join_at("b", "good");
  f.source.absent_at = {evil};
  f.source.allow(layer_size.value);
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Finished>().empty(); }));
  CHECK(f.links["b"].all<control::Restart>().size() == 1);
  CHECK(f.refused("b").empty());
  REQUIRE(f.until_held(f.digest));
  CHECK(f.held_bytes(f.digest) == numbered_bytes(layer_size.value));
}

TEST_CASE("when all sources fail, each caller hears of its own") {
  Fixture f;
  f.source.absent_at = {evil};
  f.source.credentials = std::set<std::string>{"nobody's"};
  f.join_at("a", "evil");
  f.join_at("b", "good");
  REQUIRE(f.until_refused("a"));
  REQUIRE(f.until_refused("b"));
  CHECK(f.refused("a")[0].answer.status == 404);
  CHECK(f.refused("b")[0].answer.status == 401);
  f.settle();
  CHECK(f.refused("a").size() == 1);
  CHECK(f.refused("b").size() == 1);
  CHECK(f.core.directory().swarms().empty());
}

TEST_CASE("the size that one tenant's manifest names refuses no other's join") {
  Fixture f;
  f.source.silent = {evil};
  f.join_at("a", "evil", 5);
  f.join_at("b", "good", layer_size.value);
  f.join_at("c", "good");
  REQUIRE(f.until_joined("b"));
  REQUIRE(f.until_joined("c"));
  CHECK(f.refused("b").empty());
  CHECK(f.joined("b")[0].size_bytes == layer_size.value);
  REQUIRE(f.until_refused("a"));
  CHECK(f.refused("a")[0].reason == control::Reason::size);
  f.join_at("d", "good", layer_size.value);
  CHECK(f.joined("d").size() == 1);
}

TEST_CASE("agents that fetch with credentials from one registry keep those of another waiting for nothing") {
  Fixture f;
  f.source.credentials = std::set<std::string>{"nobody's"};
  const auto join_with_own = [&f](const std::string& node, const std::string& upstream) {
    f.coordinator.handle(f.ids.at(node),
                         control::Join{f.digest, {control::LayerKind::blob, upstream, "app"}, 0, {}, true});
  };
  join_with_own("a", "evil");
  REQUIRE(f.until_refused("a"));
  CHECK(f.refused("a")[0].reason == control::Reason::own_fetch);
  join_with_own("b", "good");
  REQUIRE(f.until_refused("b"));
  CHECK(f.refused("b")[0].reason == control::Reason::own_fetch);
  join_with_own("c", "good");
  f.settle();
  CHECK(f.refused("c").empty());  // it waits for b, not for a
  f.coordinator.handle(f.ids.at("b"), control::Lost{{f.digest}});
  CHECK(f.refused("c").size() == 1);
}

TEST_CASE("a registry that the tracker may not ask refuses its own callers, not those of the layer under way") {
  Fixture f;
  f.source.silent = {good};
  f.join_at("a", "good");
  f.join_at("b", "unknown.example.com");
  REQUIRE(f.refused("b").size() == 1);
  CHECK(f.refused("b")[0].reason == control::Reason::upstream);
  f.source.let_answer(good);
  CHECK(f.until_joined("a"));
}
