#include "shared/http/tunnel.hpp"

#include <array>

#include "shared/http/head.hpp"
#include "shared/http/request_text.hpp"

namespace shoal::http {
namespace {

constexpr unsigned authentication_required = 407;

// The status of the proxy's last answer. Its head alone is read: behind a 2xx the bytes are the origin's, and nothing is to
// come before we have greeted it.
Task<Result<unsigned>> read_status(Clock& clock, Transport& through, Time due) {
  std::string received;
  std::array<std::byte, 4096> block{};
  while (true) {
    const auto length = response_head_length(received);
    if (length) {
      const auto head = parse_response_head(received.substr(0, *length), true);
      if (!head) co_return tl::unexpected(head.error());
      received.erase(0, *length);
      if (head->status < 200) continue;
      if (head->status < 300 && !received.empty())
        co_return fail(ErrorKind::unavailable, "sends bytes before the tunnel is used");
      co_return head->status;
    }
    if (received.size() >= largest_response_head) co_return fail(ErrorKind::unavailable, "the answer's head is too long");
    const auto left = std::chrono::ceil<Milliseconds>(due - clock.now());
    if (left <= Milliseconds::zero()) co_return fail(ErrorKind::unavailable, "no answer in time");
    const auto size = co_await through.read_some(block, left);
    if (!size) co_return tl::unexpected(size.error());
    if (*size == 0) co_return fail(ErrorKind::unavailable, "closed without an answer");
    received += text_of(ByteView(block).first(*size));
  }
}

}  // namespace

Task<Result<void>> open_tunnel(Clock& clock, Transport& through, ClientRequest request, Time due) {
  const auto left = std::max(Milliseconds(1), std::chrono::ceil<Milliseconds>(due - clock.now()));
  const auto written = co_await through.write(connect_text(request), left);
  if (!written) co_return tl::unexpected(at_proxy(request, written.error()));
  const auto status = co_await read_status(clock, through, due);
  if (!status) co_return tl::unexpected(at_proxy(request, status.error()));
  if (*status >= 300) co_return tl::unexpected(proxy_refusal(request, *status));
  co_return Result<void>();
}

Error proxy_refusal(const ClientRequest& request, unsigned status) {
  const std::string number = std::to_string(status);
  const std::string origin = request.url.authority();
  if (status == authentication_required) {
    const bool has_shown = !request.proxy->authorization.empty();
    return at_proxy(request, {ErrorKind::refused,
                              has_shown ? "does not accept the configured credential (status 407)"
                                        : "asks for a credential, and none is configured (status 407)",
                              Milliseconds(0), Fault::proxy_refused});
  }
  const bool may_pass = status >= 500 || status == 408 || status == 429;  // 502, 504: it does not reach the origin
  if (may_pass) return at_proxy(request, {ErrorKind::unavailable, "no way to " + origin + " (status " + number + ")"});
  return at_proxy(request, {ErrorKind::refused, "refuses the way to " + origin + " (status " + number + ")",
                            Milliseconds(0), Fault::proxy_refused});
}

}  // namespace shoal::http
