#include "shared/layer/piece_set.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("a set counts each piece once") {
  PieceSet set(3);
  CHECK(set.add(1));
  CHECK_FALSE(set.add(1));
  CHECK(set.held() == 1);
  CHECK(set.has(1));
  CHECK_FALSE(set.has(0));
  set.remove(1);
  set.remove(1);
  CHECK(set.held() == 0);
  CHECK_FALSE(set.has(1));
}

TEST_CASE("the first missing piece is found from anywhere") {
  PieceSet set(5);
  for (const PieceIndex piece : {0U, 1U, 3U}) set.add(piece);
  CHECK(set.first_missing() == 2);
  CHECK(set.first_missing(2) == 2);
  CHECK(set.first_missing(3) == 4);
  CHECK(set.first_missing(5) == 5);
  set.add(2);
  set.add(4);
  CHECK(set.first_missing() == 5);
  CHECK(set.complete());
}

TEST_CASE("a full set is complete, and so is an empty one of an empty layer") {
  CHECK(PieceSet::full(4).complete());
  CHECK(PieceSet::full(4).held() == 4);
  CHECK(PieceSet(0).complete());
  CHECK(PieceSet(0).first_missing() == 0);
  CHECK_FALSE(PieceSet(1).complete());
}
