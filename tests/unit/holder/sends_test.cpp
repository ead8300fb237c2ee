// When a node has no time for a hedged request.
#include "shared/holder/sends.hpp"

#include <catch2/catch.hpp>
#include <deque>

using namespace shoal;
using holder::Sends;

namespace {

constexpr ByteCount size = 128_KiB;  // the kernel keeps half of it
const Time later = Time() + Sends::in_time;

}  // namespace

TEST_CASE("a node is busy while two small layers have been on their way to different nodes for long") {
  Sends sends(8);
  const auto first = sends.begin("10.0.0.1", Time());
  std::optional<Sends::Send> second(sends.begin("10.0.0.2", Time()));
  CHECK_FALSE(sends.is_busy(later - Milliseconds(1)));
  CHECK(sends.is_busy(later));
  second.reset();
  CHECK_FALSE(sends.is_busy(later));
}

TEST_CASE("one node that is slow to take what it asked for makes no other busy") {
  Sends sends(8);
  const auto first = sends.begin("10.0.0.1", Time());
  const auto second = sends.begin("10.0.0.1", Time());
  CHECK_FALSE(sends.is_busy(later));
  const auto young = sends.begin("10.0.0.2", later);
  CHECK_FALSE(sends.is_busy(later));
}

TEST_CASE("a node that sends as many small layers as it may at once is busy whatever its link") {
  Sends sends(2);
  std::deque<Sends::Send> all;
  all.push_back(sends.begin("10.0.0.1", Time()));
  CHECK_FALSE(sends.is_busy(Time()));
  all.push_back(sends.begin("10.0.0.1", Time()));
  CHECK(sends.is_busy(Time()));
  all.pop_front();
  CHECK_FALSE(sends.is_busy(Time()));
}

TEST_CASE("what the kernel keeps of a layer leaves as fast as the rest has left") {
  Sends sends(8);
  const auto send = sends.begin("10.0.0.1", Time());
  CHECK(sends.taken(send, size, Time() + Milliseconds(300)) == Milliseconds(300));
  CHECK(sends.taken(send, 192_KiB, Time() + Milliseconds(300)) == Milliseconds(150));
  CHECK(sends.taken(send, size, Time() + Milliseconds(5'000)) == Sends::longest_rest);
  CHECK(sends.taken(send, 64_KiB, Time() + Milliseconds(300)) == Milliseconds(0));  // all of it is there at once
}

TEST_CASE("what one slow node takes long for says nothing of the link") {
  Sends sends(8);
  for (int i = 0; i < 20; ++i) {
    const auto send = sends.begin("10.0.0.1", Time());
    sends.taken(send, size, Time() + Milliseconds(400));
  }
  const auto send = sends.begin("10.0.0.1", Time());
  CHECK_FALSE(sends.is_busy(Time()));
}

TEST_CASE("a link that took long for its last sends carries few at once") {
  Sends sends(8);
  const auto take = [&](Milliseconds each, int times) {
    for (int i = 0; i < times; ++i) {
      const auto other = sends.begin("10.0.0.2", Time());
      const auto send = sends.begin("10.0.0.1", Time());
      sends.taken(send, size, Time() + each);
    }
  };
  take(Milliseconds(80), 20);
  std::deque<Sends::Send> all;
  all.push_back(sends.begin("10.0.0.1", Time()));
  CHECK_FALSE(sends.is_busy(Time()));
  all.push_back(sends.begin("10.0.0.2", Time()));
  CHECK_FALSE(sends.is_busy(Time()));
  all.push_back(sends.begin("10.0.0.3", Time()));
  CHECK(sends.is_busy(Time()));
  all.clear();
  take(Milliseconds(540), 20);
  CHECK_FALSE(sends.is_busy(Time()));
  all.push_back(sends.begin("10.0.0.1", Time()));
  CHECK(sends.is_busy(Time()));
  all.clear();
  take(Milliseconds(2), 40);
  all.push_back(sends.begin("10.0.0.1", Time()));
  CHECK_FALSE(sends.is_busy(Time()));
}
