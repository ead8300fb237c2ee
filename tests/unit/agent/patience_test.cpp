// When a pull gives up on its swarm.
#include "agent/pull/patience.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::agent::pull;

namespace {

constexpr PatienceLimits limits;
constexpr Milliseconds tick{1};
constexpr Milliseconds spread{1'500};
const Time start{};

Patience begun() {
  return {limits, spread, start};
}

// How long it waits from its start.
Milliseconds wait(const Patience& patience, LinkState state) {
  Milliseconds waited{0};
  while (!patience.expired(start + waited, state)) waited += tick;
  return waited - tick;
}

}  // namespace

TEST_CASE("a swarm that sends nothing is waited for as long as its tracker's state promises") {
  CHECK(wait(begun(), LinkState::up) == limits.silence);
  CHECK(wait(begun(), LinkState::other_up) == limits.silence_alone);
  CHECK(wait(begun(), LinkState::none_up) == limits.return_of_tracker + spread);
}

TEST_CASE("without any tracker pulls give up spread over a time") {
  const Patience first(limits, Milliseconds(0), start);
  const Patience last(limits, limits.return_spread, start);
  CHECK(wait(last, LinkState::none_up) - wait(first, LinkState::none_up) == limits.return_spread);
}

TEST_CASE("each whole piece starts the wait anew") {
  Patience patience = begun();
  for (int second = 4; second <= 60; second += 4) {
    patience.note_piece(start + std::chrono::seconds(second));
    CHECK_FALSE(patience.expired(start + std::chrono::seconds(second) + limits.silence, LinkState::up));
  }
  CHECK(wait(patience, LinkState::up) == std::chrono::seconds(60) + limits.silence);
}

TEST_CASE("bytes of a piece extend the wait, but not for ever without a whole piece") {
  Patience patience = begun();
  for (Milliseconds now{0}; now < Milliseconds(60'000); now += Milliseconds(200)) patience.note_bytes(start + now);
  CHECK(wait(patience, LinkState::up) >= limits.trickle);
  CHECK(wait(patience, LinkState::up) <= limits.trickle + limits.silence);
}

TEST_CASE("while the tracker waits for the origin the pull waits, and no longer than a runtime does") {
  Patience patience = begun();
  for (Milliseconds now{0}; now < Milliseconds(60'000); now += Milliseconds(1'000)) patience.note_waiting(start + now);
  CHECK(wait(patience, LinkState::up) >= limits.origin_wait);
  CHECK(wait(patience, LinkState::up) <= limits.origin_wait + limits.silence);
}

TEST_CASE("a tracker's word counts again once a piece has come") {
  Patience patience = begun();
  patience.note_piece(start + Milliseconds(20'000));
  patience.note_waiting(start + Milliseconds(30'000));
  CHECK(wait(patience, LinkState::up) == Milliseconds(30'000) + limits.silence);
}
