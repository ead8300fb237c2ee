#include "shared/swarm/member/outbox.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::swarm;

namespace {

constexpr Time start{std::chrono::hours(5)};

}  // namespace

TEST_CASE("asks are answered in order, and wait while too much is unsent") {
  Outbox outbox;
  for (const PieceIndex piece : {5U, 3U}) outbox.add(piece);
  CHECK_FALSE(outbox.next(Outbox::most_unsent, false));
  CHECK(outbox.next(Outbox::most_unsent - 1, false) == PieceIndex{5});
  CHECK(outbox.next(0, false) == PieceIndex{3});
  CHECK_FALSE(outbox.next(0, false));
  CHECK_FALSE(outbox.has_asks());
}

TEST_CASE("while the node is full only a peer that has read everything is sent a piece") {
  Outbox outbox;
  outbox.add(1);
  CHECK_FALSE(outbox.next(1, true));
  CHECK(outbox.next(0, true) == PieceIndex{1});
}

TEST_CASE("sixteen asks have a place, and a hundred more are refused before the peer is cut") {
  Outbox outbox;
  for (std::size_t i = 0; i < Outbox::most_queued; ++i) {
    REQUIRE(outbox.place_for_ask() == Outbox::Place::free);
    outbox.add(0);
  }
  for (int i = 0; i < Outbox::most_refused; ++i) CHECK(outbox.place_for_ask() == Outbox::Place::none);
  CHECK(outbox.place_for_ask() == Outbox::Place::refused_too_often);
}

TEST_CASE("a connection drains when less is unsent than before") {
  Outbox outbox;
  CHECK_FALSE(outbox.drains(100));
  CHECK_FALSE(outbox.drains(100));
  CHECK(outbox.drains(99));
}

TEST_CASE("a peer without a hello is stuck after ten seconds") {
  Outbox outbox;
  CHECK_FALSE(outbox.is_stuck(0, false, start));
  CHECK_FALSE(outbox.is_stuck(0, false, start + Outbox::hello_limit));
  CHECK(outbox.is_stuck(0, false, start + Outbox::hello_limit + Milliseconds(1)));
}

TEST_CASE("a peer that takes nothing of what it was sent is stuck after ten seconds, a slow reader is not") {
  Outbox outbox;
  outbox.note_sent(1 << 20);
  Time now = start;
  std::size_t unsent = 1 << 20;
  CHECK_FALSE(outbox.is_stuck(unsent, true, now));
  for (int second = 0; second < 30; ++second) {
    CHECK_FALSE(outbox.is_stuck(unsent -= 100, true, now += std::chrono::seconds(1)));
  }
  CHECK_FALSE(outbox.is_stuck(unsent, true, now + Outbox::reading_limit));
  CHECK(outbox.is_stuck(unsent, true, now + Outbox::reading_limit + Milliseconds(1)));
}

TEST_CASE("a little that stays in the connection for ever is no reason to cut it") {
  Outbox outbox;
  outbox.note_sent(1 << 20);
  for (int second = 0; second < 30; ++second) {
    CHECK_FALSE(outbox.is_stuck(Outbox::least_unread - 1, true, start + std::chrono::seconds(second)));
  }
}
