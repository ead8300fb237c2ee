// RequestText: the bytes that a client's request sends, and what its connection is known by. Inside this room only.
//
// Threads: any.
#pragma once

#include <string>

#include "shared/http/client.hpp"

namespace shoal::http {

// The whole request, a body included: to an origin or, for http by way of a proxy, in the absolute form with the proxy's
// authorization. `refused` when the method, the target or a header is malformed.
Result<Secret> request_text(const ClientRequest& request);

// The request to the proxy for a tunnel to the origin.
Secret connect_text(const ClientRequest& request);

// Whose connection it is: the other side, by way of whom, how far it was verified, and who we were to it.
Secret connection_key(const ClientRequest& request);

// "proxy http://proxy:3128: " before the error of one.
Error at_proxy(const ClientRequest& request, Error error);

}  // namespace shoal::http
