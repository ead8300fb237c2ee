// The pace of one host, against a host that limits its requests.
#include "shared/origin/request_pace.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/origin/limited_host.hpp"

using namespace shoal;
using namespace shoal::origin;
using namespace shoal::test;

namespace {

constexpr Milliseconds second{1'000};
const Time start{std::chrono::hours(1)};

struct Stage {
  std::minstd_rand random{1};
  RequestPace pace{random};
  Time now = start;

  // All requests at once; the answers of a host that lets `accepted` of them through.
  void burst(int requests, int accepted, Milliseconds retry_after, unsigned status = 429) {
    for (int i = 0; i < requests; ++i) pace.note_sent(now);
    for (int i = accepted; i < requests; ++i) pace.note_refused(now, now, status, retry_after);
    for (int i = 0; i < accepted; ++i) pace.note_accepted(now, now);
  }
  void send() {
    now = pace.next(now);
    pace.note_sent(now);
  }
  // Milliseconds until so many requests were let through, one at a time, by a host that names no time or `retry_after`.
  std::int64_t until_through(LimitedHost& host, int requests, Milliseconds retry_after) {
    const Time began = now;
    for (int through = 0; through < requests;) {
      send();
      if (host.take(now)) {
        pace.note_accepted(now, now);
        ++through;
      } else {
        pace.note_refused(now, now, 429, retry_after);
      }
    }
    return std::chrono::duration_cast<Milliseconds>(now - began).count();
  }
};

}  // namespace

TEST_CASE("a host without a limit has no pace") {
  Stage stage;
  for (int i = 0; i < 10'000; ++i) {
    CHECK(stage.pace.next(stage.now) == stage.now);
    stage.send();
    stage.pace.note_accepted(stage.now, stage.now);
  }
  CHECK_FALSE(stage.pace.is_limited());
}

TEST_CASE("after a refusal no request leaves before the time that the host named") {
  Stage stage;
  const int seconds = GENERATE(1, 7, 60);
  stage.burst(20, 15, std::chrono::seconds(seconds));
  CHECK(stage.pace.next(stage.now) >= start + std::chrono::seconds(seconds));
  CHECK(stage.pace.next(stage.now) <= start + std::chrono::seconds(seconds) + Milliseconds(500));
}

TEST_CASE("the rate after a refusal is nearly what the host let through before it") {
  Stage stage;
  SECTION("with a time") {
    stage.burst(64, 15, second);
  }
  SECTION("without one") {
    stage.burst(64, 15, Milliseconds(0));
  }
  SECTION("a 503 without one") {
    stage.burst(64, 15, Milliseconds(0), 503);
  }
  stage.send();
  CHECK(stage.pace.requests_per_second() == Approx(13.5).epsilon(0.01));
}

TEST_CASE("requests that left together with the one refused first make the pause longer, and the rate not lower") {
  Stage stage;
  for (int i = 0; i < 30; ++i) stage.pace.note_sent(stage.now);
  for (int i = 0; i < 15; ++i) stage.pace.note_refused(stage.now + Milliseconds(i), start, 429, second);
  CHECK(stage.pace.next(stage.now) >= start + Milliseconds(1'014));
  stage.send();
  CHECK(stage.pace.requests_per_second() == Approx(13.5).epsilon(0.01));
}

TEST_CASE("a host that refuses at its first pace too is asked at what it let through, and no slower than half") {
  Stage stage;
  stage.burst(64, 40, second);
  stage.send();
  const double before = stage.pace.requests_per_second();
  SECTION("something") {
    for (int i = 0; i < 30; ++i) stage.send();
    stage.pace.note_refused(stage.now, stage.now, 429, second);
    stage.send();
    CHECK(stage.pace.requests_per_second() < before);
    CHECK(stage.pace.requests_per_second() >= before / 2);
  }
  SECTION("nothing") {
    stage.pace.note_refused(stage.now, stage.now, 429, second);
    stage.send();
    CHECK(stage.pace.requests_per_second() == Approx(before / 2).epsilon(0.01));
  }
}

TEST_CASE("90 requests at 15 a second are through in 1.2 times the time that the rate allows") {
  const auto retry_after = GENERATE(Milliseconds(1'000), Milliseconds(0));
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Stage stage;
    stage.random.seed(seed);
    LimitedHost host(15);
    int through = 0;  // 64 leave at once, as many as a tracker fetches
    for (int i = 0; i < 64; ++i) stage.pace.note_sent(start);
    for (int i = 0; i < 64; ++i) {
      if (host.take(start)) {
        ++through;
        stage.pace.note_accepted(start, start);
      } else {
        stage.pace.note_refused(start, start, 429, retry_after);
      }
    }
    const auto took = stage.until_through(host, 90 - through, retry_after);
    INFO(seed);
    CHECK(took <= 7'200);
    CHECK(host.refused <= 64 - 15 + 2);
  }
}

TEST_CASE("a long queue keeps near to the limit, and is seldom refused") {
  const std::size_t limit = GENERATE(2U, 15U, 60U);
  Stage stage;
  LimitedHost host(limit);
  stage.burst(100, 0, second);
  const auto took = stage.until_through(host, static_cast<int>(limit) * 60, second);
  CHECK(took <= 75'000);
  CHECK(host.refused <= 15);
}

TEST_CASE("a host that wants a pause between any two requests is asked nearly as often as it allows") {
  constexpr Milliseconds apart{67};
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Stage stage;
    stage.random.seed(seed);
    stage.burst(64, 1, second);
    Time last = start;
    int refused = 0;
    for (int through = 1; through < 90;) {
      stage.send();
      if (stage.now - last >= apart) {
        stage.pace.note_accepted(stage.now, stage.now);
        last = stage.now;
        ++through;
      } else {
        stage.pace.note_refused(stage.now, stage.now, 429, second);
        ++refused;
      }
    }
    INFO(seed);
    CHECK(stage.now - start <= Milliseconds(10'500));
    CHECK(refused <= 3);
  }
}

TEST_CASE("a limit that is gone is forgotten within two minutes") {
  Stage stage;
  stage.burst(64, 15, second);
  int requests = 0;
  while (stage.pace.is_limited() && stage.now - start < std::chrono::seconds(120)) {
    stage.send();
    stage.pace.note_accepted(stage.now, stage.now);
    ++requests;
  }
  CHECK_FALSE(stage.pace.is_limited());
  CHECK(requests > 1'000);
}

TEST_CASE("a 503 without a time is no limit where not many requests are let through") {
  Stage stage;
  for (int i = 0; i < 7; ++i) stage.pace.note_sent(stage.now);
  stage.pace.note_sent(stage.now);
  CHECK_FALSE(stage.pace.note_refused(stage.now, stage.now, 503, Milliseconds(0)));
  CHECK_FALSE(stage.pace.is_limited());
  stage.pace.note_sent(stage.now);
  CHECK(stage.pace.note_refused(stage.now, stage.now, 503, second));
  CHECK(stage.pace.is_limited());
}

TEST_CASE("one refusal among few answers costs its time, and the rate is soon back") {
  Stage stage;
  stage.burst(4, 3, second);
  CHECK(stage.pace.next(stage.now) <= start + Milliseconds(1'100));
  const Time began = stage.now;
  for (int i = 0; i < 90; ++i) stage.send(), stage.pace.note_accepted(stage.now, stage.now);
  CHECK(stage.now - began <= Milliseconds(5'000));
}

TEST_CASE("it is known since when a host refuses all requests") {
  Stage stage;
  CHECK_FALSE(stage.pace.refusing_since());
  stage.burst(20, 0, second);
  CHECK(stage.pace.refusing_since() == start);
  stage.send();
  stage.pace.note_refused(stage.now, stage.now, 429, second);
  CHECK(stage.pace.refusing_since() == start);
  stage.send();
  stage.pace.note_accepted(stage.now, stage.now);
  CHECK_FALSE(stage.pace.refusing_since());
}

TEST_CASE("a host that refuses again and again without a time is asked ever later") {
  Stage stage;
  stage.burst(20, 10, Milliseconds(0));
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 4; ++i) {
    const Time refused = stage.now;
    stage.send();
    pauses.push_back(std::chrono::duration_cast<Milliseconds>(stage.now - refused).count());
    stage.pace.note_refused(stage.now, stage.now, 429, Milliseconds(0));
  }
  CHECK(pauses[0] >= 1'000);
  CHECK(pauses[1] >= 2'000);
  CHECK(pauses[2] >= 4'000);
  CHECK(pauses[3] >= 8'000);
}
