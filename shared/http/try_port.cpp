#include "shared/http/try_port.hpp"

#include "shared/http/dial.hpp"

namespace shoal::http {

Task<Result<void>> try_port(Clock& clock, std::string host, std::uint16_t port, Milliseconds limit) {
  const DialLimits limits{limit};
  const auto socket = co_await dial(clock, std::move(host), port, limits);
  if (!socket) co_return tl::unexpected(socket.error());
  co_return Result<void>();
}

}  // namespace shoal::http
