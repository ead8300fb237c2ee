// Where the window of a layer without room is: behind its readers, ahead of them, and where nobody reads.
#include "agent/pull/window.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::pull;

namespace {

// 2 MiB in 128 pieces of 16 KiB; a window of 16 pieces, 4 of them ahead of the foremost reader.
struct Fixture {
  static constexpr std::uint64_t piece = 16 << 10;
  bool advance(std::uint64_t hashed_bytes = (2_MiB).value) { return window.advance(hashed_bytes, now); }
  void move(const Window::Reader& reader, std::uint64_t pieces) {
    window.move(*reader, pieces * piece);
    advance();
  }
  Time now{};
  Window window{PieceLayout(2_MiB), 256_KiB, now};
};

}  // namespace

TEST_CASE("nothing is wanted before a reader is there, and then what it reads next") {
  Fixture f;
  CHECK_FALSE(f.advance());
  const auto reader = f.window.add_reader(f.now);
  CHECK_FALSE(f.advance());
  CHECK(f.window.wanted_end() == 0);
  f.move(reader, 0);
  CHECK(f.window.wanted_end() == 5);
  f.move(reader, 3);
  CHECK(f.window.wanted_end() == 8);
  CHECK(f.window.first() == 0);  // what it has read is kept for others while there is room
}

TEST_CASE("the window follows a lone reader to the end of the layer, and never holds more than its size") {
  Fixture f;
  const auto reader = f.window.add_reader(f.now);
  for (std::uint64_t at = 0; at <= 128; ++at) {
    f.move(reader, at);
    CHECK(f.window.contains(at * Fixture::piece));
    CHECK(f.window.wanted_end() - f.window.first() <= 16);
  }
  CHECK(f.window.wanted_end() == 128);
  CHECK(f.window.first() == 116);
}

TEST_CASE("the slowest reader holds the window, and the foremost waits for it") {
  Fixture f;
  const auto slow = f.window.add_reader(f.now);
  auto quick = f.window.add_reader(f.now);
  f.move(slow, 1);
  f.move(quick, 15);
  CHECK(f.window.first() == 1);
  CHECK(f.window.wanted_end() == 17);
  f.move(slow, 8);
  CHECK(f.window.first() == 3);
  CHECK(f.window.wanted_end() == 19);
}

TEST_CASE("a reader that is gone holds nothing, and one that has not begun neither") {
  Fixture f;
  auto slow = f.window.add_reader(f.now);
  const auto quick = f.window.add_reader(f.now);
  const auto beginning = f.window.add_reader(f.now);
  f.move(slow, 0);
  f.move(quick, 16);
  CHECK(f.window.first() == 0);
  slow.reset();
  CHECK(f.advance());
  CHECK(f.window.first() == 4);
}

TEST_CASE("what has not been hashed is not dropped") {
  Fixture f;
  const auto reader = f.window.add_reader(f.now);
  f.window.move(*reader, 16 * Fixture::piece);
  f.advance(2 * Fixture::piece);
  CHECK(f.window.first() == 2);
  f.advance(100 * Fixture::piece);
  CHECK(f.window.first() == 4);
}

TEST_CASE("what was dropped, and what lies far ahead, is outside") {
  Fixture f;
  const auto reader = f.window.add_reader(f.now);
  CHECK(f.window.contains(0));
  CHECK(f.window.contains(16 * Fixture::piece));
  CHECK_FALSE(f.window.contains(16 * Fixture::piece + 1));
  for (std::uint64_t at = 0; at <= 20; ++at) f.move(reader, at);
  CHECK(f.window.first() == 8);
  CHECK_FALSE(f.window.contains(8 * Fixture::piece - 1));
  CHECK(f.window.contains(8 * Fixture::piece));
}

TEST_CASE("a window without readers for some seconds is abandoned") {
  Fixture f;
  auto reader = f.window.add_reader(f.now);
  f.now += std::chrono::hours(1);
  CHECK_FALSE(f.window.is_abandoned(f.now));
  reader.reset();
  f.now += Window::linger - Milliseconds(1);
  CHECK_FALSE(f.window.is_abandoned(f.now));
  f.now += Milliseconds(1);
  CHECK(f.window.is_abandoned(f.now));
}
