#include "shared/http/dial.hpp"

#include <fcntl.h>

#include <algorithm>

#include "shared/http/names.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr Milliseconds attempt_delay{200};  // most registries are nearer than that; RFC 8305 names 250 ms, 100 at least
constexpr std::size_t fewest_attempts = 4;  // of one in a hundred SYNs lost, four are lost once in 10^8

Task<Result<Endpoints>> resolve(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit) {
  IoError error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) co_return Endpoints{{address, port}};
  const auto executor = co_await asio::this_coro::executor;
  auto& context = asio::query(executor, asio::execution::context_as<asio::execution_context&>);
  auto resolved = co_await asio::use_service<Names>(context).resolve(clock, std::move(host), port, limit);
  co_return resolved;
}

Fault fault_of(const IoError& error) {
  if (error == asio::error::connection_refused) return Fault::port_closed;
  if (error == asio::error::network_unreachable || error == asio::error::host_unreachable) return Fault::no_route;
  if (error == asio::error::timed_out) return Fault::no_connection;
  return Fault::none;
}

// The attempts of one dial, each on a socket of its own. Kept by the handlers of those that are under way.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : wake(std::make_shared<asio::steady_timer>(executor)) {}
  Clock::Timer wake;  // something has ended
  std::vector<std::shared_ptr<tcp::socket>> running;
  std::shared_ptr<tcp::socket> winner;
  IoError failure = asio::error::timed_out;  // the last one
  std::size_t failures = 0;
};

void start(const std::shared_ptr<Race>& race, const asio::any_io_executor& executor, const tcp::endpoint& endpoint) {
  const auto socket = std::make_shared<tcp::socket>(executor);
  IoError error;
  socket->open(endpoint.protocol(), error);
  if (error) {
    race->failure = error;
    ++race->failures;
    return;
  }
  ::fcntl(socket->native_handle(), F_SETFD, FD_CLOEXEC);
  race->running.push_back(socket);
  socket->async_connect(endpoint, [race, socket](const IoError& failed) {
    std::erase(race->running, socket);
    if (failed) {
      race->failure = failed;
      ++race->failures;
    } else if (!race->winner) {
      race->winner = socket;
    }
    race->wake->cancel();
  });
}

// The loop may have been late: a socket that is connected has a handler that is about to run.
bool is_any_connected(const Race& race) {
  return std::ranges::any_of(race.running, [](const auto& socket) {
    IoError not_connected;
    socket->remote_endpoint(not_connected);
    return !not_connected;
  });
}

Task<void> wait(Clock& clock, std::shared_ptr<Race> race, Milliseconds time) {
  clock.set(race->wake, time);
  IoError ignored;
  co_await race->wake->async_wait(into(ignored));
}

// Until one has connected, all have failed, or the time is over.
Task<void> run(Clock& clock, std::shared_ptr<Race> race, Endpoints endpoints, Time due) {
  const auto executor = co_await asio::this_coro::executor;
  const std::size_t attempts = std::max(endpoints.size(), fewest_attempts);
  std::size_t started = 0;
  Time next = clock.now();
  while (!race->winner && (clock.now() < due || is_any_connected(*race))) {
    const bool all_failed = race->failures == started;
    if (started < attempts && (clock.now() >= next || (all_failed && started < endpoints.size()))) {
      start(race, executor, endpoints[started++ % endpoints.size()]);
      next = clock.now() + attempt_delay;
      continue;
    }
    if (all_failed && started >= endpoints.size()) co_return;
    const Time until = started < attempts ? std::min(next, due) : due;
    co_await wait(clock, race, std::max(Milliseconds(1), std::chrono::ceil<Milliseconds>(until - clock.now())));
  }
}

}  // namespace

Task<Result<tcp::socket>> dial(Clock& clock, std::string host, std::uint16_t port, DialLimits limits,
                               Reaches reaches) {
  Time due = clock.now() + limits.whole;
  auto endpoints = co_await resolve(clock, host, port, limits.whole);
  if (!endpoints) co_return tl::unexpected(endpoints.error());
  const auto first = endpoints->front().address();
  std::erase_if(*endpoints, [&](const tcp::endpoint& e) { return !reaches.allows(reach_of(e.address())); });
  if (endpoints->empty()) co_return tl::unexpected(not_allowed(host, first));
  if (limits.tcp > Milliseconds::zero()) due = std::min(due, clock.now() + limits.tcp);
  const auto executor = co_await asio::this_coro::executor;
  const auto race = std::make_shared<Race>(executor);
  co_await run(clock, race, *endpoints, due);
  IoError ignored;
  for (const auto& socket : race->running) socket->close(ignored);
  if (race->winner) {
    race->winner->set_option(tcp::no_delay(true), ignored);
    co_return std::move(*race->winner);
  }
  const IoError failure = race->running.empty() ? race->failure : IoError(asio::error::timed_out);
  std::string what = "connect to " + host + " port " + std::to_string(port) + ": " + failure.message();
  co_return tl::unexpected(Error{ErrorKind::unavailable, std::move(what), Milliseconds(0), fault_of(failure)});
}

}  // namespace shoal::http
