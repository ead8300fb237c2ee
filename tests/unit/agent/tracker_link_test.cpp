#include "agent/link/tracker_link.hpp"

#include <catch2/catch.hpp>

#include "shared/http/server.hpp"
#include "tests/unit/agent/scripted_tracker.hpp"

using namespace shoal;
using namespace shoal::agent::link;

namespace {

// Every sleep ends at once and is noted; a look at the time moves it.
class NotingClock final : public Clock {
 public:
  explicit NotingClock(Milliseconds step) : step_(step) {}
  Time now() const override { return now_ += step_; }
  Task<void> sleep(Milliseconds duration) override {
    pauses.push_back(duration);
    co_return;
  }
  void set(const Timer& timer, Milliseconds) override { timer->expires_at(Time::max()); }
  std::vector<Milliseconds> pauses;

 private:
  Milliseconds step_;
  mutable Time now_{};
};

struct Deaf final : Listener {
  void on_up(TrackerLink&) override {}
  void on_message(TrackerLink&, control::TrackerMessage) override {}
};

// A tracker that welcomes everybody and then closes the connection.
Task<void> welcome_and_close(http::Exchange& exchange) {
  auto socket = co_await exchange.upgrade(control::subprotocol);
  if (!socket) co_return;
  const auto hello = co_await (*socket)->receive();
  if (!hello) co_return;
  (*socket)->send(control::encode(control::Welcome{}));
  (*socket)->close();
  const auto end = co_await (*socket)->receive();
  static_cast<void>(end);
}

// A tracker that notes which swarms are left, and can turn its agent out.
struct Noting {
  std::vector<Digest> left;
  http::WebSocket* socket = nullptr;
};

Task<void> note_leaves(http::Exchange& exchange, Noting& noting) {
  auto socket = co_await exchange.upgrade(control::subprotocol);
  if (!socket) co_return;
  const auto hello = co_await (*socket)->receive();
  if (!hello) co_return;
  noting.socket = socket->get();
  (*socket)->send(control::encode(control::Welcome{}));
  for (;;) {
    const auto frame = co_await (*socket)->receive();
    if (!frame) break;
    const auto message = control::decode_agent_message(*frame);
    const auto* leave = message ? std::get_if<control::Leave>(&*message) : nullptr;
    if (leave != nullptr) noting.left.push_back(leave->digest);
  }
  noting.socket = nullptr;
}

// Connections of a link whose own clock runs away take the machine's.
Dial dial_by(Clock& machine) {
  return [&machine](Clock&, std::string url, std::string path, std::string subprotocol) {
    return http::connect_websocket(machine, std::move(url), std::move(path), std::move(subprotocol));
  };
}

// The pauses of a link that was turned out so often.
std::vector<Milliseconds> pauses_of(std::size_t count, Milliseconds each_connection_lasts) {
  Loop loop;
  SystemClock machine;
  http::ServeThreads threads(machine, 1);
  http::Server server({loop, machine, threads}, {.listen = "127.0.0.1:0"}, "tracker", welcome_and_close);
  NotingClock clock(each_connection_lasts);
  Deaf listener;
  LinkOptions options{.url = "http://" + server.address(), .dial = dial_by(machine)};
  TrackerLink link(loop, clock, options, [] { return control::Hello{}; });
  link.start(listener);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (clock.pauses.size() < count && std::chrono::steady_clock::now() < end) {
    loop.run_one_for(std::chrono::milliseconds(100));
  }
  link.stop();
  REQUIRE(clock.pauses.size() >= count);
  return clock.pauses;
}

}  // namespace

TEST_CASE("a link that is turned out again and again comes back ever later, up to the longest pause") {
  const auto pauses = pauses_of(8, Milliseconds(0));
  CHECK(pauses[0] <= Milliseconds(250));
  CHECK(pauses[3] >= Milliseconds(500));
  CHECK(pauses[7] >= Milliseconds(500));
  CHECK(pauses[7] <= Milliseconds(2'000));
}

TEST_CASE("swarms that were left lately are left again on the next connection, unless they were joined again") {
  Loop loop;
  NotingClock clock(Milliseconds(0));
  http::ServeThreads threads(clock, 1);
  Noting noting;
  http::Server server({loop, clock, threads}, {.listen = "127.0.0.1:0"}, "tracker",
                      [&noting](http::Exchange& exchange) { return note_leaves(exchange, noting); });
  Deaf listener;
  LinkOptions options{.url = "http://" + server.address()};
  TrackerLink link(loop, clock, options, [] { return control::Hello{}; });
  const auto until = [&loop](auto done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < end) loop.run_one_for(std::chrono::milliseconds(100));
    REQUIRE(done());
  };
  const Digest gone = digest_of(DigestAlgorithm::sha256, bytes_of("gone"));
  const Digest back = digest_of(DigestAlgorithm::sha256, bytes_of("back"));
  const Digest while_down = digest_of(DigestAlgorithm::sha256, bytes_of("while down"));
  link.start(listener);
  until([&] { return link.up(); });
  link.send(control::Leave{gone});
  link.send(control::Leave{back});
  link.send(control::Join{.digest = back, .source = {}, .size_hint_bytes = 0, .credential = {}});
  until([&] { return noting.left.size() == 2; });
  noting.left.clear();
  noting.socket->close();
  until([&] { return !link.up(); });
  link.send(control::Leave{while_down});
  until([&] { return noting.left.size() >= 2; });
  std::sort(noting.left.begin(), noting.left.end());
  std::vector<Digest> expected{gone, while_down};
  std::sort(expected.begin(), expected.end());
  CHECK(noting.left == expected);
  link.stop();
  until([&] { return noting.socket == nullptr; });
}

TEST_CASE("a link that lasted comes back at once") {
  for (const Milliseconds pause : pauses_of(4, Milliseconds(10'000))) CHECK(pause <= Milliseconds(250));
}

TEST_CASE("a tracker that accepts and never welcomes is given up after the limit, and dialled again") {
  Loop loop;
  ManualClock clock(loop);
  agent::ScriptedTracker tracker;
  tracker.runs_on(loop);
  tracker.welcomes = false;
  Deaf listener;
  LinkOptions options{.url = "http://tracker", .dial = tracker.dial()};
  const Milliseconds limit = options.welcome_limit;
  TrackerLink link(loop, clock, options, [] { return control::Hello{}; });
  const auto pass = [&](Milliseconds time) {
    clock.advance(time);
    loop.restart();
    loop.poll();
  };
  link.start(listener);
  pass(Milliseconds(0));
  CHECK(tracker.count<control::Hello>() == 1);
  pass(limit - Milliseconds(1));
  CHECK(tracker.count<control::Hello>() == 1);
  pass(Milliseconds(1));
  tracker.welcomes = true;
  pass(options.longest_pause);
  CHECK(tracker.count<control::Hello>() == 2);
  CHECK(link.up());
  link.stop();
}

TEST_CASE("a tracker that refuses the hello tells why, and the link says it") {
  Loop loop;
  SystemClock clock;
  http::ServeThreads threads(clock, 1);
  const auto refuse = [](http::Exchange& exchange) -> Task<void> {
    auto socket = co_await exchange.upgrade(control::subprotocol);
    if (!socket) co_return;
    (*socket)->close("peer address node2: not an IP address");
    const auto end = co_await (*socket)->receive();
    static_cast<void>(end);
  };
  http::Server server({loop, clock, threads}, {.listen = "127.0.0.1:0"}, "tracker", refuse);
  Deaf listener;
  LinkOptions options{.url = "http://" + server.address()};
  TrackerLink link(loop, clock, options, [] { return control::Hello{}; });
  link.start(listener);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!link.health().dialled() && std::chrono::steady_clock::now() < end) {
    loop.run_one_for(std::chrono::milliseconds(100));
  }
  link.stop();
  CHECK(link.health().cause() == "the tracker refuses this node: peer address node2: not an IP address");
  CHECK(link.health().failed_dials() == 1);
  CHECK_FALSE(link.up());
}
