#include "shared/origin/statuses.hpp"

#include <algorithm>

#include "shared/origin/retry_after.hpp"

namespace shoal::origin {
namespace {

constexpr Milliseconds shortest_rest{1'000};  // after a 429 without a time: the cluster's nodes must not ask together

}  // namespace

Milliseconds rest_after(const http::ClientResponse& response) {
  const Milliseconds time = retry_after(response.headers());
  return response.status() == 429 ? std::max(time, shortest_rest) : time;
}

tl::unexpected<Error> error_of_status(const std::string& what, const http::ClientResponse& response) {
  ErrorKind kind = ErrorKind::unavailable;
  if (response.status() == 404) kind = ErrorKind::not_found;
  if (response.status() == 401 || response.status() == 403) kind = ErrorKind::refused;
  std::string text = what + ": the origin answers " + std::to_string(response.status());
  const auto said = http::find_header(response.headers(), "Retry-After");
  if (said) text += ", retry after " + *said;
  return tl::unexpected<Error>(Error{kind, std::move(text), rest_after(response)});
}

}  // namespace shoal::origin
