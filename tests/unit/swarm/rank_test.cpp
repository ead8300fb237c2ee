#include "shared/swarm/policy/rank.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace shoal;
using namespace shoal::swarm;

TEST_CASE("the first missing piece is asked for before any rarer one") {
  CHECK(Rank::in_order(5, true, 4) < Rank::in_order(6, false, 1));
}

TEST_CASE("a rarer piece is asked for first, and above four holders all pieces are alike") {
  CHECK(Rank::in_order(9, false, 1) < Rank::in_order(6, false, 2));
  CHECK(Rank::in_order(9, false, 3) < Rank::in_order(6, false, 4));
  CHECK(Rank::in_order(6, false, 9) < Rank::in_order(9, false, 4));
  CHECK(Rank::shared(9, 40, 3, 1) < Rank::shared(6, 1, 4, 1));
}

TEST_CASE("equally rare pieces are asked for in order") {
  CHECK(Rank::in_order(6, false, 2) < Rank::in_order(7, false, 2));
}

TEST_CASE("fetchers at a shared peer begin at different pieces of the next few, and go on in order beyond them") {
  constexpr PieceIndex first = 100;
  std::set<PieceIndex> chosen;
  for (std::uint64_t fetcher = 1; fetcher <= 8; ++fetcher) {
    PieceIndex best = first;
    const auto rank = [&](PieceIndex piece) { return Rank::shared(piece, piece - first, 8, fetcher * 7919); };
    for (PieceIndex piece = first; piece < first + 3 * Rank::stretch; ++piece) {
      if (rank(piece) < rank(best)) best = piece;
    }
    CHECK(best < first + Rank::stretch);
    chosen.insert(best);
  }
  CHECK(chosen.size() > 4);
}

TEST_CASE("a search in order ends at the first missing piece or at one with a single holder") {
  CHECK(Rank::in_order(5, true, 4).is_lowest);
  CHECK(Rank::in_order(5, false, 1).is_lowest);
  CHECK_FALSE(Rank::in_order(5, false, 2).is_lowest);
  CHECK_FALSE(Rank::shared(5, 0, 1, 1).is_lowest);
}
