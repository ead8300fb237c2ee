// What agents hear of a registry that limits its requests, or that the tracker cannot use.
#include "tests/unit/tracker/coordinator_fixture.hpp"

using namespace shoal;
using namespace shoal::tracker;

TEST_CASE("agents hear that a layer waits for its turn, and that the tracker cannot use a registry") {
  CoordinatorFixture f;
  const Digest digest = f.source.add(numbered_bytes(layer_size.value));
  f.connect("a");
  SECTION("its turn") {
    f.source.allow(0);
    f.source.paced = true;
    f.join("a", digest);
    f.settle();
    f.clock.advance(Milliseconds(1'000));
    f.coordinator.tick();
    CHECK(f.links["a"].all<control::Waiting>().at(0).is_paced);
  }
  SECTION("cannot be reached") {
    f.source.unreachable = Error{ErrorKind::unavailable, "no", Milliseconds(0), Fault::no_connection};
    f.join("a", digest);
    CHECK(f.links["a"].all<control::Refused>().at(0).of_tracker);
  }
}
