#include "shared/http/names.hpp"

#include <boost/asio/io_context.hpp>

namespace shoal::http {
namespace {

using asio::ip::tcp;

constexpr std::size_t most_addresses = 8;  // of one name; more would leave each too short a share of the limit

// getaddrinfo: nothing can hurry it.
Endpoints addresses_of(const std::string& host, IoError& error) {
  asio::io_context nothing_else;
  tcp::resolver resolver(nothing_else);
  Endpoints endpoints;
  for (const auto& entry : resolver.resolve(host, "0", tcp::resolver::numeric_service, error)) {
    if (endpoints.size() < most_addresses) endpoints.push_back(entry);
  }
  return endpoints;
}

}  // namespace

asio::execution_context::id Names::id;

Task<Result<Endpoints>> Names::resolve(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  const std::shared_ptr<Lookup> lookup = look_up(host, executor);
  const Clock::Timer wake = std::make_shared<asio::steady_timer>(executor);
  clock.set(wake, limit);
  lookup->waiting.push_back(wake);
  IoError ignored;
  co_await wake->async_wait(into(ignored));
  std::erase(lookup->waiting, wake);
  const IoError error = lookup->done ? lookup->error : asio::error::timed_out;
  if (lookup->endpoints.empty()) {
    const Fault fault = lookup->done ? Fault::no_name : Fault::no_connection;
    co_return tl::unexpected(
        Error{ErrorKind::unavailable, "resolve " + host + ": " + error.message(), Milliseconds(0), fault});
  }
  Endpoints endpoints = lookup->endpoints;
  for (tcp::endpoint& endpoint : endpoints) endpoint.port(port);
  co_return endpoints;
}

void Names::shutdown() {
  threads_.stop();
  threads_.join();
  for (const auto& [host, lookup] : running_) lookup->waiting.clear();  // the timers need the loop
}

std::shared_ptr<Names::Lookup> Names::look_up(const std::string& host, const asio::any_io_executor& executor) {
  const auto [entry, is_new] = running_.try_emplace(host);
  if (!is_new) return entry->second;
  const auto lookup = entry->second = std::make_shared<Lookup>();
  asio::post(threads_, [this, host, lookup, executor] {
    IoError error;
    Endpoints endpoints = addresses_of(host, error);
    asio::post(executor, [this, host, lookup, error, found = std::move(endpoints)]() mutable {
      lookup->done = true;
      lookup->error = error;
      lookup->endpoints = std::move(found);
      for (const auto& timer : lookup->waiting) timer->cancel();
      running_.erase(host);
    });
  });
  return lookup;
}

}  // namespace shoal::http
