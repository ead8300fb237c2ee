// How far a tracker goes for a join: only readers of the whole layer make it ask the origin.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

namespace {

struct Stage : CoordinatorFixture {
  void ask(const std::string& node, const Digest& digest, control::Want want) {
    coordinator.handle(ids.at(node), control::Join{digest, {control::LayerKind::blob, "reg", "library/alpine"}, 0, {}, false, want});
  }
  bool refused(const std::string& node) {
    const auto refusals = links[node].all<control::Refused>();
    return !refusals.empty() && refusals.back().reason == control::Reason::not_found;
  }
};

}  // namespace

TEST_CASE("a layer that no node has is fetched for none who wants it only if it is there") {
  Stage f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  f.connect("b");
  const auto want = GENERATE(control::Want::held, control::Want::of_agents);
  f.ask("a", digest, want);
  CHECK(f.refused("a"));
  CHECK(f.source.opened_at.empty());
  f.join("b", digest);  // nothing was remembered of it
  CHECK(f.until([&] { return !f.links["b"].all<control::Joined>().empty(); }));
}

TEST_CASE("a layer that the tracker seeds is there, but for those who cannot reach the seeder") {
  Stage f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.join_all({"a"}, digest);
  f.connect("b");
  f.ask("b", digest, control::Want::of_agents);
  CHECK(f.refused("b"));
  f.ask("b", digest, control::Want::held);
  CHECK(f.until([&] { return f.links["b"].all<control::Joined>().size() == 1; }));
  CHECK(f.source.opened_at.size() == 1);
}

TEST_CASE("a layer that another agent holds is there, and one that the asking agent alone holds is not") {
  Stage f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  f.connect("b");
  f.coordinator.handle(f.ids.at("a"), control::Holds{{digest}});
  f.ask("a", digest, control::Want::of_agents);
  CHECK(f.refused("a"));
  f.ask("b", digest, control::Want::of_agents);
  CHECK_FALSE(f.refused("b"));
}
