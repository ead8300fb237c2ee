// Who waits for a turn at the origin, and for how long.
#include "agent/pull/origin_source.hpp"

#include "tests/unit/agent/pulling_node.hpp"

using namespace shoal;
using namespace shoal::agent;

namespace {

pull::Limits one_at_once() {
  pull::Limits limits;
  limits.sources.origin.fetches = 1;
  limits.sources.origin.turn = Milliseconds(1);
  return limits;
}

}  // namespace

TEST_CASE("who has a layer's size waits for its bytes however long, who waits for the size is told in time") {
  PullingNode node(one_at_once());
  const Bytes content = numbered_bytes(300'000, 2);
  const Digest first = node.origin.add(numbered_bytes(300'000, 1));
  const Digest known = node.origin.add(content);
  const Digest unknown = node.origin.add(numbered_bytes(300'000, 3));
  Reading of_first;
  Reading of_known;
  Reading of_unknown;
  node.origin.hold();
  node.read(first, {}, of_first);
  node.read(known, ByteCount{300'000}, of_known);
  node.read(unknown, {}, of_unknown);
  REQUIRE(node.origin.opened == 1);
  node.clock.advance(std::chrono::hours(1));
  node.run_until([&] { return of_unknown.ended; });
  node.settle();
  REQUIRE(of_unknown.error);
  CHECK(of_unknown.error->kind == ErrorKind::unavailable);
  CHECK_FALSE(of_known.ended);
  node.origin.go_on();
  node.run_until([&] { return of_first.ended && of_known.ended; });
  CHECK_FALSE(of_first.error);
  CHECK_FALSE(of_known.error);
  CHECK(of_known.bytes == content);
  CHECK(node.origin.opened == 2);
}
