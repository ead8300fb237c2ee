// Whether the registry that a join names is known to have the layer: what came from another is not served as its own.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

struct Fixture : CoordinatorFixture {
  Fixture() {
    source.upstreams = {"evil", "good"};
    for (const char* node : {"a", "b", "c"}) connect(node);
  }
  // Its last answer.
  bool is_at_source(const std::string& node, const Digest& layer, const std::string& upstream,
                    const std::string& repository = "app") {
    const std::size_t before = links[node].all<control::Joined>().size();
    join(node, layer, 0, repository, upstream);
    REQUIRE(until([&] { return links[node].all<control::Joined>().size() > before; }));
    return links[node].all<control::Joined>().back().at_source;
  }
  const Digest large = source.add(numbered_bytes(layer_size.value));
  const Digest small = source.add(numbered_bytes(5'000));
};

}  // namespace

TEST_CASE("a layer that is being fetched, or was, is at its own registry and at no other") {
  Fixture f;
  for (const Digest& layer : {f.large, f.small}) {
    CHECK(f.is_at_source("a", layer, "good"));
    CHECK(f.is_at_source("b", layer, "good", "another/repository"));
    CHECK_FALSE(f.is_at_source("c", layer, "evil"));
    REQUIRE(f.until_held(layer));
    CHECK(f.is_at_source("b", layer, "good"));
    CHECK_FALSE(f.is_at_source("c", layer, "evil"));
  }
}

TEST_CASE("a registry's word in a check or for a tag does not say that it has the layer") {
  Fixture f;
  f.is_at_source("a", f.small, "good");
  REQUIRE(f.until_held(f.small));
  SECTION("a check") {
    f.source.answers["HEAD"].status = 200;
    f.source.answers["HEAD"].length = 5'000;
    f.coordinator.handle(f.ids.at("b"), control::Check{1, "evil", "app", control::LayerKind::blob, f.small});
    REQUIRE(f.until([&] { return !f.links["b"].all<control::Checked>().empty(); }));
    CHECK(f.links["b"].all<control::Checked>()[0].status == 200);
  }
  SECTION("a tag") {
    f.source.answers["HEAD"].status = 200;
    f.source.answers["HEAD"].length = 5'000;
    f.source.answers["HEAD"].digest = f.small.text();
    f.source.answers["HEAD"].content_type = "application/json";
    f.coordinator.handle(f.ids.at("b"), control::Resolve{1, "evil", "app", "1.0", "*/*"});
    REQUIRE(f.until([&] { return !f.links["b"].all<control::Resolved>().empty(); }));
  }
  CHECK_FALSE(f.is_at_source("b", f.small, "evil"));
}

TEST_CASE("an answer names the registry of the join that it is to") {
  Fixture f;
  f.is_at_source("a", f.large, "good");
  CHECK(f.links["a"].all<control::Joined>()[0].upstream == "good");
  f.source.absent_at = {"evil/app"};
  const Digest other = f.source.add(numbered_bytes(700'000, 3));
  f.join("b", other, 0, "app", "evil");
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Refused>().empty(); }));
  CHECK(f.links["b"].all<control::Refused>()[0].upstream == "evil");
}

TEST_CASE("in an ordinary pull a check of what the tracker has read costs the origin nothing") {
  Fixture f;
  f.is_at_source("a", f.large, "good");
  f.coordinator.handle(f.ids.at("b"), control::Check{1, "good", "app", control::LayerKind::blob, f.large});
  REQUIRE(f.links["b"].all<control::Checked>().size() == 1);
  CHECK(f.links["b"].all<control::Checked>()[0].status == 200);
  CHECK(f.links["b"].all<control::Checked>()[0].size_bytes == layer_size.value);
  CHECK(f.source.asked.empty());
}

TEST_CASE("what a caller's credential opened is at the registry, and no anonymous caller may read it") {
  Fixture f;
  f.source.credentials = std::set<std::string>{"Bearer right"};
  f.coordinator.handle(f.ids.at("a"), control::Join{f.small, {control::LayerKind::blob, "good", "app"}, 0, Secret("Bearer right"), true});
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Joined>().empty(); }));
  CHECK(f.links["a"].all<control::Joined>()[0].at_source);
  f.source.answers["HEAD"].status = 401;
  f.coordinator.handle(f.ids.at("b"), control::Check{1, "good", "app", control::LayerKind::blob, f.small});
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Checked>().empty(); }));
  CHECK(f.links["b"].all<control::Checked>()[0].status == 401);
}

TEST_CASE("what an agent was let in to fetch at a registry is there, and what it holds otherwise is not said to be") {
  Fixture f;
  f.source.credentials = std::set<std::string>{"nobody's"};
  f.coordinator.handle(f.ids.at("a"), control::Join{f.large, {control::LayerKind::blob, "good", "app"}, 0, {}, true});
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Refused>().empty(); }));
  const auto holds = [&f](const std::string& node, const Digest& layer, const std::string& upstream) {
    f.coordinator.handle(f.ids.at(node), control::Holds{{layer}, {"other", upstream}});
  };
  SECTION("it has read it there") {
    holds("a", f.large, "good");
    CHECK(f.core.known().is_at("good", f.large));
    CHECK_FALSE(f.core.known().is_at("evil", f.large));
  }
  SECTION("it has it from elsewhere, or does not say") {
    holds("a", f.large, "evil");
    holds("a", f.large, "");
    CHECK_FALSE(f.core.known().is_at("evil", f.large));
    CHECK_FALSE(f.core.known().is_at("good", f.large));
  }
  SECTION("another agent says so") {
    holds("c", f.large, "good");
    CHECK_FALSE(f.core.known().is_at("good", f.large));
  }
  SECTION("another layer") {
    holds("a", f.small, "good");
    CHECK_FALSE(f.core.known().is_at("good", f.small));
  }
}

TEST_CASE("a tracker that lost its memory knows of the layers that it holds which registry sent them") {
  Fixture f;
  f.is_at_source("a", f.large, "good");
  REQUIRE(f.until_held(f.large));
  Metrics metrics;
  Core again{{f.loop, f.clock, f.pool, f.store, f.swarm, f.source, f.keys, f.pace, metrics, std::mt19937(1)},
             {.seeder = {"", 7082, "tracker", true}, .epoch = 6}};
  RecordingLink link;
  control::Hello hello;
  hello.node = "z";
  hello.swarm.port = 7072;
  const auto id = again.coordinator().arrive(hello, "10.0.0.99", link);
  REQUIRE(id);
  for (const char* upstream : {"good", "evil"}) {
    const std::size_t before = link.all<control::Joined>().size();
    again.coordinator().handle(*id, control::Join{f.large, {control::LayerKind::blob, upstream, "app"}, 0, {}});
    REQUIRE(f.until([&] { return link.all<control::Joined>().size() > before; }));
    CHECK(link.all<control::Joined>().back().at_source == (std::string(upstream) == "good"));
  }
}

TEST_CASE("the empty layer is everybody's") {
  Fixture f;
  CHECK(f.is_at_source("a", digest_of(DigestAlgorithm::sha256, {}), "evil"));
}
