#include "shared/layer/piece_layout.hpp"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("the piece length is the largest power of two that leaves 1,500 pieces, from 16 or 32 KiB to 1 MiB") {
  CHECK(piece_length_for({0}) == 16_KiB);
  CHECK(piece_length_for({(8_MiB).value - 1}) == 16_KiB);
  CHECK(piece_length_for(8_MiB) == 32_KiB);
  CHECK(piece_length_for(64_MiB) == 32_KiB);
  CHECK(piece_length_for({1500 * (64_KiB).value - 1}) == 32_KiB);
  CHECK(piece_length_for({1500 * (64_KiB).value}) == 64_KiB);
  CHECK(piece_length_for(1_GiB) == 512_KiB);
  CHECK(piece_length_for(2_GiB) == 1_MiB);
  CHECK(piece_length_for(500_GiB) == 1_MiB);
}

TEST_CASE("pieces cover the layer without gap or overlap and only the last is shorter") {
  for (const std::uint64_t size : {1U, 16384U, 16385U, 100000U, 67108864U, 67108865U}) {
    const PieceLayout layout(ByteCount{size});
    std::uint64_t sum = 0;
    for (PieceIndex piece = 0; piece < layout.count(); ++piece) {
      CHECK(layout.offset(piece) == sum);
      CHECK(layout.piece_at(sum) == piece);
      sum += layout.length(piece);
      if (piece + 1 < layout.count()) CHECK(layout.length(piece) == layout.piece_length().value);
    }
    CHECK(sum == size);
  }
}

TEST_CASE("an empty layer has no pieces") {
  CHECK(PieceLayout(ByteCount{0}).count() == 0);
}
