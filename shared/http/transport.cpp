#include "shared/http/transport.hpp"

#include "shared/http/dial.hpp"
#include "shared/http/request_text.hpp"
#include "shared/http/stream_transport.hpp"
#include "shared/http/tunnel.hpp"

namespace shoal::http {
namespace {

using Opened = Result<std::unique_ptr<Transport>>;
template <class Stream>
using Layer = std::unique_ptr<StreamTransport<Stream>>;

Milliseconds left_until(Clock& clock, Time due) {
  return std::max(Milliseconds(1), std::chrono::ceil<Milliseconds>(due - clock.now()));
}

// TLS with `url`'s host over what is connected to it.
template <class Lower>
Task<Result<Layer<asio::ssl::stream<Lower>>>> secure(Clock& clock, Layer<Lower> lower, Url url, TlsFiles files, Time due) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  const auto configured = configure(context, files);
  if (!configured) co_return tl::unexpected(configured.error());
  auto secured = std::make_unique<TlsTransport<Lower>>(clock, lower->release(), context);
  const auto shaken = co_await secured->shake_hands(url.host, left_until(clock, due));
  if (shaken) co_return Layer<asio::ssl::stream<Lower>>(std::move(secured));
  Error error = shaken.error();
  error.what = url.authority() + ": " + error.what;
  co_return tl::unexpected(std::move(error));
}

// From what is connected to the origin, or to the proxy, to what carries the request.
template <class Stream>
Task<Opened> reach_origin(Clock& clock, Layer<Stream> layer, ClientRequest request, Time due) {
  if (request.url.scheme != "https") co_return std::unique_ptr<Transport>(std::move(layer));
  if (request.proxy) {
    const auto opened = co_await open_tunnel(clock, *layer, request, due);
    if (!opened) co_return tl::unexpected(opened.error());
  }
  TlsFiles files{request.ca_file, request.insecure, request.certificate.certificate_file, request.certificate.key_file};
  auto secured = co_await secure(clock, std::move(layer), request.url, std::move(files), due);
  if (!secured) co_return tl::unexpected(secured.error());
  co_return std::unique_ptr<Transport>(std::move(*secured));
}

// What the configuration says about the proxy is wrong, or the proxy is down: not what it says about the registry.
Error unreached_proxy(const ClientRequest& request, Error error) {
  if (error.fault != Fault::none) error.fault = Fault::proxy_unreachable;
  return at_proxy(request, std::move(error));
}

Task<Opened> open_by_proxy(Clock& clock, ClientRequest request, Time due) {
  const Url proxy = request.proxy->url;
  const DialLimits limits{request.limits.connect, request.limits.tcp};
  auto socket = co_await dial(clock, proxy.host, proxy.port, limits);  // configured: any address is allowed
  if (!socket) co_return tl::unexpected(unreached_proxy(request, socket.error()));
  auto plain = std::make_unique<StreamTransport<Plain>>(clock, std::move(*socket));
  if (proxy.scheme != "https") {
    auto opened = co_await reach_origin(clock, std::move(plain), std::move(request), due);
    co_return opened;
  }
  TlsFiles of_system;
  auto secured = co_await secure(clock, std::move(plain), proxy, std::move(of_system), due);
  if (!secured) co_return tl::unexpected(unreached_proxy(request, secured.error()));
  auto opened = co_await reach_origin(clock, std::move(*secured), std::move(request), due);
  co_return opened;
}

}  // namespace

Result<void> check_proxied_host(const ClientRequest& request) {
  const auto address = request.proxy ? literal_address(request.url.host) : std::nullopt;
  if (!address || request.reaches.allows(reach_of(*address))) return {};
  return tl::unexpected(not_allowed(request.url.host, *address));
}

Task<Opened> open_transport(Clock& clock, ClientRequest request) {
  const Time due = clock.now() + request.limits.connect;
  const auto allowed = check_proxied_host(request);
  if (!allowed) co_return tl::unexpected(allowed.error());
  if (request.proxy) {
    auto opened = co_await open_by_proxy(clock, std::move(request), due);
    co_return opened;
  }
  const DialLimits limits{request.limits.connect, request.limits.tcp};
  auto socket = co_await dial(clock, request.url.host, request.url.port, limits, request.reaches);
  if (!socket) co_return tl::unexpected(socket.error());
  auto plain = std::make_unique<StreamTransport<Plain>>(clock, std::move(*socket));
  auto opened = co_await reach_origin(clock, std::move(plain), std::move(request), due);
  co_return opened;
}

}  // namespace shoal::http
