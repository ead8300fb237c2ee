// Layers that only agents' callers have a credential for: one copy leaves the origin.
#include <algorithm>

#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

const std::string right = "Bearer right";
const std::string wrong = "Bearer wrong";

struct Fixture : CoordinatorFixture {
  Fixture() {
    source.credentials = std::set<std::string>{right};
    for (const char* node : {"a", "b", "c", "d"}) connect(node);
  }
  // The caller's credential came along, or stays with the agent.
  void join_with(const std::string& node, const std::string& credential) {
    coordinator.handle(ids.at(node), join_of(credential, !credential.empty()));
  }
  void join_with_own(const std::string& node) { coordinator.handle(ids.at(node), join_of("", true)); }
  control::Join join_of(const std::string& credential, bool has_credential) const {
    return {digest, {control::LayerKind::blob, "reg", "library/alpine"}, 0, Secret(credential), has_credential};
  }
  std::vector<control::Refused> refusals(const std::string& node) { return links[node].all<control::Refused>(); }
  bool is_let_in(const std::string& node) {
    return !refusals(node).empty() && refusals(node).back().reason == control::Reason::own_fetch;
  }
  std::size_t waits(const std::string& node) {
    const auto waitings = links[node].all<control::Waiting>();
    return static_cast<std::size_t>(std::ranges::count_if(waitings, &control::Waiting::is_fetched_by_agent));
  }
  void pass_a_second() {
    clock.advance(Milliseconds(1'000));
    coordinator.tick();
  }

  const Digest digest = source.add(numbered_bytes(layer_size.value));
};

}  // namespace

TEST_CASE("agents that bring their callers' credentials at once cost the origin one copy") {
  Fixture f;
  for (const char* node : {"a", "b", "c"}) f.join_with(node, right);
  REQUIRE(f.until([&] { return !f.links["c"].all<control::Finished>().empty(); }));
  for (const char* node : {"a", "b", "c"}) CHECK(f.links[node].all<control::Joined>().size() == 1);
  CHECK(f.source.opened_as == std::vector<std::string>{right});
}

TEST_CASE("each agent hears the origin's answer to its own caller, also when all asked at once") {
  Fixture f;
  f.join_with("a", "");
  f.join_with("b", wrong);
  f.join_with("c", right);
  f.join_with("d", wrong);
  REQUIRE(f.until([&] { return !f.links["c"].all<control::Finished>().empty(); }));
  for (const char* node : {"a", "b", "d"}) {
    REQUIRE(f.refusals(node).size() == 1);
    CHECK(f.refusals(node)[0].reason == control::Reason::denied);
    CHECK(f.refusals(node)[0].answer.status == 401);
    CHECK(f.refusals(node)[0].answer.challenges == std::vector<std::string>{"Basic realm=\"origin\""});
    CHECK(f.refusals(node)[0].answer.code == "UNAUTHORIZED");
  }
  CHECK(f.links["c"].all<control::Joined>().size() == 1);
  CHECK(f.source.opened_as == std::vector<std::string>{"", wrong, right});
}

TEST_CASE("a refusal is remembered for the caller that it was given to") {
  Fixture f;
  f.join_with("a", "");
  REQUIRE(f.until([&] { return f.refusals("a").size() == 1; }));
  f.join_with("b", "");
  CHECK(f.refusals("b").size() == 1);
  CHECK(f.source.opened_as.size() == 1);
  f.join_with("c", wrong);
  REQUIRE(f.until([&] { return f.refusals("c").size() == 1; }));
  f.join_with("d", wrong);
  CHECK(f.refusals("d").size() == 1);
  CHECK(f.source.opened_as == std::vector<std::string>{"", wrong});
}

TEST_CASE("the tracker keeps no credential once the layer has been fetched") {
  Fixture f;
  f.join_with("a", right);
  REQUIRE(f.until([&] { return !f.links["a"].all<control::Finished>().empty(); }));
  f.join_with("b", right);
  f.settle();
  for (const auto& [node, member] : f.core.directory().swarms().at(f.digest).members()) CHECK(member.credential.empty());
}

TEST_CASE("of agents that keep their callers' credentials one is told to fetch, and the others wait each second") {
  Fixture f;
  for (const char* node : {"a", "b", "c"}) f.join_with_own(node);
  REQUIRE(f.until([&] { return f.is_let_in("a"); }));
  f.join_with_own("d");  // while it fetches
  f.pass_a_second();
  CHECK(f.refusals("a")[0].answer.status == 401);
  CHECK(f.waits("a") == 0);
  for (const char* node : {"b", "c", "d"}) {
    CHECK(f.refusals(node).empty());
    CHECK(f.waits(node) == 1);
  }
  CHECK(f.source.opened_as == std::vector<std::string>{""});

  f.source.credentials = std::set<std::string>{""};  // stands in for the agent, which no connection reaches here
  f.coordinator.handle(f.ids.at("a"), control::Holds{{f.digest}});
  REQUIRE(f.until([&] { return !f.links["d"].all<control::Joined>().empty(); }));
  for (const char* node : {"b", "c"}) CHECK(f.links[node].all<control::Joined>().size() == 1);
  f.pass_a_second();
  for (const char* node : {"b", "c", "d"}) CHECK(f.waits(node) == 1);
}

TEST_CASE("an anonymous caller does not wait for an agent that fetches: it hears the challenge") {
  Fixture f;
  f.join_with_own("a");
  REQUIRE(f.until([&] { return f.is_let_in("a"); }));
  f.join_with("b", "");
  REQUIRE(f.until([&] { return !f.refusals("b").empty(); }));
  CHECK(f.refusals("b")[0].reason == control::Reason::denied);
  CHECK(f.refusals("b")[0].answer.status == 401);
}

TEST_CASE("when the agent that was let in fails, is gone or takes too long, others are let in") {
  Fixture f;
  for (const char* node : {"a", "b", "c", "d"}) f.join_with_own(node);
  REQUIRE(f.until([&] { return f.is_let_in("a"); }));
  SECTION("it fails") {
    f.coordinator.handle(f.ids.at("a"), control::Leave{f.digest});  // it has left the swarm, not its fetch
    CHECK_FALSE(f.is_let_in("b"));
    f.coordinator.handle(f.ids.at("a"), control::Lost{{f.digest}});
    CHECK(f.is_let_in("b"));
    CHECK(f.is_let_in("c"));  // two, then four: those who are refused do not wait for each other
    CHECK_FALSE(f.is_let_in("d"));
  }
  SECTION("it is gone") {
    f.coordinator.gone(f.ids.at("a"), f.links["a"]);
    f.clock.advance(directory::Directory::keep_after_drop);
    f.coordinator.tick();
    CHECK(f.is_let_in("b"));
  }
  SECTION("it takes too long") {
    f.clock.advance(OwnFetches::longest);
    f.coordinator.tick();
    CHECK(f.is_let_in("b"));
    CHECK_FALSE(f.is_let_in("c"));
  }
}

TEST_CASE("an agent that has given up waiting is not let in") {
  Fixture f;
  for (const char* node : {"a", "b"}) f.join_with_own(node);
  REQUIRE(f.until([&] { return f.is_let_in("a"); }));
  f.coordinator.handle(f.ids.at("b"), control::Leave{f.digest});
  f.coordinator.handle(f.ids.at("a"), control::Lost{{f.digest}});
  CHECK(f.refusals("b").empty());
}

TEST_CASE("a layer that some agent's credential brought to the tracker is answered to those who wait") {
  Fixture f;
  for (const char* node : {"a", "b"}) f.join_with_own(node);
  REQUIRE(f.until([&] { return f.is_let_in("a"); }));
  f.join_with("c", right);
  REQUIRE(f.until([&] { return !f.links["b"].all<control::Joined>().empty(); }));
}
