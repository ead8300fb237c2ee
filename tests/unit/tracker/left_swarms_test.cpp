// Holders leave the swarms in which no peer needs them; whoever joins later has them back.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;
using namespace shoal::tracker::directory;

namespace {

struct Fixture : CoordinatorFixture {
  Fixture() {
    connect("early");
    join("early", digest);
    REQUIRE(until([&] { return links["early"].all<control::Finished>().size() == 1; }));
    progress("early", digest, 0, true);
  }
  void leave(const std::string& node) { coordinator.handle(ids.at(node), control::Leave{digest}); }
  std::size_t asked(const std::string& node) { return links[node].all<control::Serve>().size(); }

  const Digest digest = source.add(numbered_bytes(layer_size.value));
};

}  // namespace

TEST_CASE("an agent that left a swarm with all pieces is asked to serve again by the next join, which asks no origin") {
  Fixture f;
  f.leave("early");
  CHECK(f.core.directory().swarms().empty());
  CHECK(f.core.directory().held_layers().count(f.ids["early"]) == 1);
  f.connect("late");
  f.join("late", f.digest);
  CHECK(f.links["late"].all<control::Joined>().size() == 1);
  CHECK(f.links["early"].all<control::Serve>() == std::vector{control::Serve{f.digest, 0}});
  f.progress("late", f.digest);
  f.progress("early", f.digest, 0, true);
  const auto peers = f.links["early"].all<control::Peers>();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].peers.at(0).node == "late");
  CHECK(f.source.opened_from.size() == 1);
}

TEST_CASE("a holder that leaves while another member lacks pieces is replaced by the next holders") {
  Fixture f;
  f.connect("late");
  f.join("late", f.digest);
  f.progress("late", f.digest);
  f.connect("holder", {f.digest});
  CHECK(f.asked("holder") == 0);
  f.leave("early");
  CHECK(f.asked("holder") == 1);
  f.progress("late", f.digest, 0, true);
  f.progress("holder", f.digest, 0, true);
  f.leave("holder");
  CHECK(f.asked("holder") == 1);
  CHECK(f.asked("early") == 0);
}

TEST_CASE("the places of holders that left a swarm again are free for others") {
  Fixture f;
  f.connect("late");
  f.join("late", f.digest);
  f.progress("late", f.digest);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      const std::string node = "holder-" + std::to_string(round) + "-" + std::to_string(i);
      f.connect(node, {f.digest});
    }
    f.connect("joiner-" + std::to_string(round));
    f.join("joiner-" + std::to_string(round), f.digest);
    for (int i = 0; i < 4; ++i) {
      const std::string node = "holder-" + std::to_string(round) + "-" + std::to_string(i);
      f.progress(node, f.digest, 0, true);
      f.leave(node);
    }
  }
  std::size_t asked = 0;
  for (const auto& [node, link] : f.links) asked += link.all<control::Serve>().size();
  CHECK(asked > Roster::served_by);
}

TEST_CASE("an agent that restarts without having come to serve frees its place") {
  Fixture f;
  f.leave("early");
  f.connect("late");
  f.join("late", f.digest);
  REQUIRE(f.asked("early") == 1);
  f.connect("early", {f.digest}, 2);
  f.connect("later");
  f.join("later", f.digest);
  CHECK(f.asked("early") >= 2);
}
