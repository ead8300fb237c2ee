#include "tracker/directory/held_layers.hpp"

#include <catch2/catch.hpp>

#include "shared/crypto/hasher.hpp"

using namespace shoal;
using namespace shoal::tracker::directory;

namespace {

Digest numbered_layer(std::size_t number) {
  return digest_of(DigestAlgorithm::sha256, bytes_of(std::to_string(number)));
}

std::vector<NodeId> some_holders(HeldLayers& held, const Digest& digest, std::size_t most) {
  std::vector<NodeId> found;
  held.visit_in_turn(digest, [&](NodeId agent) {
    found.push_back(agent);
    return found.size() < most;
  });
  return found;
}

}  // namespace

TEST_CASE("a list that replaces the one before removes what is not in it") {
  HeldLayers held;
  held.add(1, {numbered_layer(1), numbered_layer(2)});
  held.add(2, {numbered_layer(1)});
  held.replace(1, {numbered_layer(2), numbered_layer(3)});
  CHECK(held.holders(numbered_layer(1)) == std::vector<NodeId>{2});
  CHECK(held.holders(numbered_layer(2)) == std::vector<NodeId>{1});
  CHECK(held.holders(numbered_layer(3)) == std::vector<NodeId>{1});
  CHECK(held.count(1) == 2);
}

TEST_CASE("of an agent that is removed nothing stays") {
  HeldLayers held;
  held.add(1, {numbered_layer(1), numbered_layer(2)});
  held.remove_agent(1);
  held.remove_agent(1);
  CHECK(held.count(1) == 0);
  CHECK(held.holders(numbered_layer(1)).empty());
  CHECK(held.holders(numbered_layer(2)).empty());
}

TEST_CASE("holders are visited in turn, so that all serve") {
  HeldLayers held;
  for (const NodeId agent : {1, 2, 3}) held.add(agent, {numbered_layer(1)});
  CHECK(some_holders(held, numbered_layer(1), 1) == std::vector<NodeId>{1});
  CHECK(some_holders(held, numbered_layer(1), 2) == std::vector<NodeId>{2, 3});
  CHECK(some_holders(held, numbered_layer(1), 9) == std::vector<NodeId>{3, 1, 2});
  held.remove(1, {numbered_layer(1)});
  CHECK(some_holders(held, numbered_layer(1), 9).size() == 2);
}

TEST_CASE("an agent cannot fill the tracker's memory with held layers") {
  HeldLayers held;
  std::vector<Digest> digests;
  for (std::size_t i = 0; i < HeldLayers::largest_held + 10; ++i) digests.push_back(numbered_layer(i));
  held.add(1, digests);
  CHECK(held.count(1) == HeldLayers::largest_held);
  CHECK(held.holders(digests.back()).empty());
}
