#include "shared/swarm/member/proof_walk.hpp"

#include "tests/unit/swarm/member_stage.hpp"

using namespace shoal;
using namespace shoal::swarm;

namespace {

PieceSet unproven(const TestLayer& layer, const std::vector<PieceIndex>& pieces) {
  PieceSet set(layer.layout.count());
  for (const PieceIndex piece : pieces) set.add(piece);
  return set;
}

}  // namespace

TEST_CASE("a walk goes around the unproven pieces, and is due ten times a second until none is left") {
  const TestLayer layer(300_KiB);
  ProofWalk walk(unproven(layer, {3, 9}));
  const Time now = Time{} + std::chrono::hours(1);
  CHECK(walk.is_due(now));
  CHECK_FALSE(walk.is_due(now + Milliseconds(99)));
  CHECK(walk.is_due(now + Milliseconds(100)));
  CHECK(walk.next() == 3);
  CHECK(walk.next() == 9);
  CHECK(walk.next() == 3);
  for (const PieceIndex piece : {3U, 9U}) walk.remove(piece);
  CHECK(walk.is_done());
  CHECK_FALSE(walk.is_due(now + std::chrono::hours(1)));
}

TEST_CASE("pieces whose bytes match the hashes of their range are proven, the others stay unproven") {
  const TestLayer layer(300_KiB);
  const auto file = a_file(layer.layout, layer.bytes);
  ProofWalk walk(unproven(layer, {3, 9, 12}));
  const auto proven = walk.prove({0, 10}, layer.hashes(), *file);
  REQUIRE(proven);
  CHECK(*proven == std::vector<PieceIndex>{3, 9});
  CHECK(walk.unproven().has(12));
  CHECK_FALSE(walk.is_done());
}

TEST_CASE("a piece that a hash disproves is an error, corrupt") {
  const TestLayer layer(300_KiB);
  const auto file = a_file(layer.layout);  // zeros
  ProofWalk walk(unproven(layer, {3}));
  const auto proven = walk.prove({0, 10}, layer.hashes(), *file);
  REQUIRE_FALSE(proven);
  CHECK(proven.error().kind == ErrorKind::corrupt);
}

TEST_CASE("a walk without unproven pieces is done") {
  const TestLayer layer(300_KiB);
  ProofWalk walk{PieceSet()};
  CHECK(walk.is_done());
  walk.remove(3);
  const auto proven = walk.prove({0, 10}, layer.hashes(), *a_file(layer.layout));
  REQUIRE(proven);
  CHECK(proven->empty());
}
