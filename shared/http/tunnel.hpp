// Tunnel: a connection to an origin by way of an HTTP proxy: CONNECT, RFC 9110 section 9.3.6. Inside this room only.
//
// Threads: the loop.
#pragma once

#include "shared/http/transport.hpp"

namespace shoal::http {

// Asks the proxy at the other end of `through` for a tunnel to the request's host, until `due`; behind it `through` is the
// origin's. `refused`, Fault::proxy_refused, when the proxy does not allow it; `unavailable` when it could not reach the
// origin, or says nothing that is HTTP. `through` and the clock outlive the call.
Task<Result<void>> open_tunnel(Clock& clock, Transport& through, ClientRequest request, Time due);

// What the proxy's status means to who asked it. 407 is a proxy's alone: also in answer to a request in the absolute form.
Error proxy_refusal(const ClientRequest& request, unsigned status);

}  // namespace shoal::http
