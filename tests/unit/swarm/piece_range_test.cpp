#include "shared/swarm/piece_range.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

TEST_CASE("pieces become sorted ranges") {
  CHECK(ranges_of({}).empty());
  CHECK(ranges_of({5, 3, 4, 9, 3}) == std::vector<PieceRange>{{3, 3}, {9, 1}});
}
