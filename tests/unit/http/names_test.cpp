#include "shared/http/names.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <thread>

#include "tests/doubles/watched_clock.hpp"

using namespace shoal;
using namespace shoal::http;

namespace {

std::atomic<bool> is_silent{false};
std::atomic<int> asked{0};

Task<void> resolve(Names& names, Clock& clock, std::string host, Milliseconds limit,
                   std::optional<Result<Endpoints>>& outcome) {
  auto resolved = co_await names.resolve(clock, std::move(host), 80, limit);
  outcome = std::move(resolved);
}

}  // namespace

// The C library's, but for one name, whose server says nothing while `is_silent`.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  if (host != nullptr && std::string(host) == "silent.test") {
    ++asked;
    is_silent.wait(true);
    return EAI_AGAIN;
  }
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(host, service, hints, found);
}

TEST_CASE("a name whose server is silent is asked for once at a time, and holds up no other") {
  Loop loop;
  test::WatchedClock clock(loop);
  auto& names = asio::use_service<Names>(loop);
  is_silent = true;
  std::vector<std::optional<Result<Endpoints>>> silent(8);
  for (auto& outcome : silent) spawn(loop, resolve(names, clock, "silent.test", Milliseconds(5'000), outcome));
  loop.poll();
  clock.pass(Milliseconds(4'999));
  CHECK_FALSE(silent.front());
  clock.pass(Milliseconds(1));
  for (const auto& outcome : silent) {
    REQUIRE(outcome);
    REQUIRE_FALSE(*outcome);
    CHECK(outcome->error().kind == ErrorKind::unavailable);
  }
  while (asked == 0) std::this_thread::yield();
  std::optional<Result<Endpoints>> other;
  spawn(loop, resolve(names, clock, "localhost", Milliseconds(20'000), other));
  CHECK(clock.until([&] { return other.has_value(); }));
  CHECK((other && *other));
  CHECK(asked == 1);
  is_silent = false;
  is_silent.notify_all();
}

TEST_CASE("a loop may go while a name is looked up") {
  is_silent = true;
  SystemClock clock;
  std::optional<Result<Endpoints>> outcome;
  {
    Loop loop;
    spawn(loop, resolve(asio::use_service<Names>(loop), clock, "silent.test", Milliseconds(20'000), outcome));
    loop.poll();
    is_silent = false;
    is_silent.notify_all();
  }
  CHECK_FALSE(outcome);
}
