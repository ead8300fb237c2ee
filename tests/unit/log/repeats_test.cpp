#include "shared/log/repeats.hpp"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace std::chrono_literals;

namespace {

// A table, and the time that it is given.
struct Fixture {
  log::Repeats repeats;
  Time now{1h};

  std::optional<std::uint64_t> lost(std::string tracker, std::string cause = "reset") {
    return repeats.admit(now, "link", "tracker lost", {{"tracker", std::move(tracker)}, {"cause", std::move(cause)}});
  }
  bool pulled(std::string image, std::string cause) {
    return repeats.admit(now, "pull", "not pulled", {{"image", std::move(image)}, {"cause", std::move(cause)}}).has_value();
  }
};

}  // namespace

TEST_CASE("the same warning is written once a minute, and the next line tells how many were left out") {
  Fixture f;
  CHECK(f.lost("one") == 0);
  for (int i = 0; i < 7; ++i) CHECK_FALSE(f.lost("one"));
  f.now += 59s;
  CHECK_FALSE(f.lost("one"));
  f.now += 1s;
  CHECK(f.lost("one") == 8);
  f.now += 1min;
  CHECK(f.lost("one") == 0);
  CHECK(f.repeats.left_out() == 8);
}

TEST_CASE("another event, room, cause or other side is another warning") {
  Fixture f;
  CHECK(f.lost("one"));
  CHECK(f.lost("two"));
  CHECK(f.lost("one", "refused"));
  CHECK(f.repeats.admit(f.now, "link", "tracker silent", {{"tracker", "one"}, {"cause", "reset"}}));
  CHECK(f.repeats.admit(f.now, "pull", "tracker lost", {{"tracker", "one"}, {"cause", "reset"}}));
  CHECK_FALSE(f.lost("one"));
}

TEST_CASE("a lasting fault that touches one layer after the other is one warning") {
  Fixture f;
  const std::string digest(64, 'a');
  CHECK(f.pulled("one.example.com/app", "the origin's bytes are sha256:" + digest + ", 30009327 of them"));
  CHECK_FALSE(f.pulled("one.example.com/other", "the origin's bytes are sha256:" + std::string(64, '7') + ", 123456789 of them"));
  CHECK(f.pulled("two.example.com/app", "the origin's bytes are sha256:" + digest + ", 30009327 of them"));
}

TEST_CASE("ports and addresses in a cause are not mistaken for counts") {
  Fixture f;
  CHECK(f.pulled("r/a", "connect 10.0.0.12:7082: refused"));
  CHECK(f.pulled("r/a", "connect 10.0.0.12:7083: refused"));
  CHECK(f.pulled("r/a", "connect 10.0.0.13:7082: refused"));
}

TEST_CASE("a flood of names writes a bounded number of lines") {
  Fixture f;
  int written = 0;
  for (int i = 0; i < 10'000; ++i) written += f.lost("tracker" + std::to_string(i)) ? 1 : 0;
  CHECK(written == 257);  // each of the table once, and the event
  CHECK(f.repeats.left_out() == 10'000 - 257);
}

TEST_CASE("an old warning makes room for a new one") {
  Fixture f;
  for (int i = 0; i < 256; ++i) CHECK(f.lost("tracker" + std::to_string(i)));
  f.now += 1min;
  for (int i = 0; i < 256; ++i) CHECK(f.lost("further" + std::to_string(i)));
  CHECK_FALSE(f.lost("further0"));
}
