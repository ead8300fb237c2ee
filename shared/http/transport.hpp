// Transport: the bytes below a client's request, plain or TLS, directly or by way of a proxy, each wait with a limit.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <string>

#include "shared/core/bytes.hpp"
#include "shared/core/result.hpp"
#include "shared/http/client.hpp"

namespace shoal::http {

class Transport {
 public:
  virtual ~Transport() = default;  // closes
  virtual Reach reach() const = 0;  // of the address at the other end, a proxy's when there is one
  // 0 when the other side has ended properly; `unavailable` otherwise.
  virtual Task<Result<std::size_t>> read_some(MutableBytes into, Milliseconds limit) = 0;
  virtual Task<Result<void>> write(Secret text, Milliseconds limit) = 0;
  virtual void cancel() = 0;  // from another coroutine: what waits ends with `unavailable`
  // Between two requests: closes after `limit`, unless `resume` is called before. `resume` is false when it has closed.
  virtual void rest(Milliseconds limit) = 0;
  virtual bool resume() = 0;
};

// Resolves, connects, asks the proxy for a tunnel and, for https, shakes hands within `limits.connect`. `refused` for an
// address that `reaches` does not allow, a proxy that does not let it pass, a certificate that does not verify, or a file
// that cannot be used.
Task<Result<std::unique_ptr<Transport>>> open_transport(Clock& clock, ClientRequest request);

// `refused` when the request goes by way of a proxy and its host is an address that `reaches` does not allow. A name is
// the proxy's to resolve.
Result<void> check_proxied_host(const ClientRequest& request);

}  // namespace shoal::http
