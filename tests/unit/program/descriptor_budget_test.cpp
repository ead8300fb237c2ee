// What each use of descriptors is given.
#include "shared/program/descriptor_budget.hpp"

#include <catch2/catch.hpp>

using shoal::program::DescriptorBudget;
using shoal::program::share_descriptors;

TEST_CASE("whatever the limit, no use is without descriptors and some are left over") {
  for (std::size_t limit = 128; limit <= 1'048'576; limit += 1 + limit / 7) {
    const DescriptorBudget budget = share_descriptors(limit);
    CHECK(budget.swarm_connections >= 1);
    CHECK(budget.swarms >= 1);
    CHECK(budget.clients >= 2);
    CHECK(budget.swarm_connections + 2 * budget.swarms + budget.clients + 64 + (limit - 64) / 8 <= limit + 8);
  }
}

TEST_CASE("the limit of the units meets all wishes; smaller ones are shared") {
  const DescriptorBudget large = share_descriptors(65'536);
  CHECK(large.swarm_connections == 8'000);
  CHECK(large.swarms == 4'096);
  CHECK(large.clients == 16'368);
  const DescriptorBudget small = share_descriptors(256);
  CHECK(small.swarm_connections == 72);
  CHECK(small.swarms == 24);
  CHECK(small.clients == 48);
}

TEST_CASE("a limit that leaves nothing to share still lets each use have one") {
  const DescriptorBudget none = share_descriptors(10);
  CHECK(none.swarm_connections == 1);
  CHECK(none.swarms == 1);
  CHECK(none.clients == 2);
}
