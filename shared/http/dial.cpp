#include "shared/http/dial.hpp"

#include <fcntl.h>

#include "shared/http/deadline.hpp"
#include "shared/http/names.hpp"

namespace shoal::http {
namespace {

using asio::ip::tcp;

Task<Result<Endpoints>> resolve(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit) {
  IoError error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) co_return Endpoints{{address, port}};
  const auto executor = co_await asio::this_coro::executor;
  auto& context = asio::query(executor, asio::execution::context_as<asio::execution_context&>);
  auto resolved = co_await asio::use_service<Names>(context).resolve(clock, std::move(host), port, limit);
  co_return resolved;
}

Task<Result<tcp::socket>> connect(Clock& clock, tcp::endpoint endpoint, Milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  IoError error;
  socket.open(endpoint.protocol(), error);
  if (!error) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    Deadline deadline(executor, clock, [&socket] {
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

Task<Result<tcp::socket>> dial(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit) {
  const Time due = clock.now() + limit;
  const auto endpoints = co_await resolve(clock, host, port, limit);
  if (!endpoints) co_return tl::unexpected(endpoints.error());
  std::string cause = "no time left";
  for (std::size_t i = 0; i < endpoints->size(); ++i) {
    const auto left = std::chrono::duration_cast<Milliseconds>(due - clock.now());
    if (left <= Milliseconds::zero()) break;
    const auto share = left / static_cast<std::int64_t>(endpoints->size() - i);
    auto socket = co_await connect(clock, (*endpoints)[i], std::max(share, Milliseconds(1)));
    if (socket) co_return std::move(*socket);
    cause = socket.error().what;
  }
  co_return fail(ErrorKind::unavailable, "connect to " + host + " port " + std::to_string(port) + ": " + cause);
}

}  // namespace shoal::http
