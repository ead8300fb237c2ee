#include "shared/http/dial.hpp"

#include <fcntl.h>

#include <vector>

#include "shared/http/deadline.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

constexpr std::size_t most_addresses = 8;  // of one name; more would leave each too short a share of the limit

// getaddrinfo cannot be cancelled: whoever waits leaves at the limit, and the answer finds nobody.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), wake(executor) {}
  tcp::resolver resolver;
  asio::steady_timer wake;
  IoError error = asio::error::timed_out;
  Endpoints endpoints;
};

void start(const std::shared_ptr<Lookup>& lookup, const std::string& host, std::uint16_t port) {
  lookup->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                 [lookup](const IoError& error, const tcp::resolver::results_type& found) {
                                   lookup->error = error;
                                   for (const auto& entry : found) {
                                     if (lookup->endpoints.size() < most_addresses) lookup->endpoints.push_back(entry);
                                   }
                                   lookup->wake.cancel();
                                 });
}

Task<Result<Endpoints>> resolve(std::string host, std::uint16_t port, Milliseconds limit) {
  IoError error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) co_return Endpoints{{address, port}};
  const auto executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->wake.expires_after(limit);
  start(lookup, host, port);
  co_await lookup->wake.async_wait(into(error));
  if (lookup->endpoints.empty())
    co_return fail(ErrorKind::unavailable, "resolve " + host + ": " + lookup->error.message());
  co_return std::move(lookup->endpoints);
}

Task<Result<tcp::socket>> connect(tcp::endpoint endpoint, Milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  IoError error;
  socket.open(endpoint.protocol(), error);
  if (!error) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    Deadline deadline(executor, [&socket] {
      IoError ignored;
      socket.cancel(ignored);
    });
    deadline.arm(limit);
    co_await socket.async_connect(endpoint, into(error));
    if (deadline.expired()) error = asio::error::timed_out;
  }
  if (error) co_return fail(ErrorKind::unavailable, error.message());
  socket.set_option(tcp::no_delay(true), error);
  co_return std::move(socket);
}

}  // namespace

Task<Result<tcp::socket>> dial(std::string host, std::uint16_t port, Milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto due = Clock::now() + limit;
  const auto endpoints = co_await resolve(host, port, limit);
  if (!endpoints) co_return tl::unexpected(endpoints.error());
  std::string cause = "no time left";
  for (std::size_t i = 0; i < endpoints->size(); ++i) {
    const auto left = std::chrono::duration_cast<Milliseconds>(due - Clock::now());
    if (left <= Milliseconds::zero()) break;
    const auto share = left / static_cast<std::int64_t>(endpoints->size() - i);
    auto socket = co_await connect((*endpoints)[i], std::max(share, Milliseconds(1)));
    if (socket) co_return std::move(*socket);
    cause = socket.error().what;
  }
  co_return fail(ErrorKind::unavailable, "connect to " + host + " port " + std::to_string(port) + ": " + cause);
}

}  // namespace shoal::http
