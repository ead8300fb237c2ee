// Requests: what the configuration says of a host that is asked: its trust, and the addresses that it may have.
//
// Threads: the loop.
#pragma once

#include "shared/origin/metrics.hpp"
#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

// The trust that is configured for a registry (its CA, its missing certificate) holds for its owner's hosts only.
http::ClientRequest request_to(const http::Url& url, const Target& target, const http::ClientLimits& limits);

// The addresses of a host that `target` has led to, when its registry answers from an address of this reach. The
// registry's own host, and one that `named` names, may be anywhere. Any other is public, or as near as the registry,
// and never a link's.
http::Reaches reaches_beside(const Target& target, http::Reach registry, const http::Url& url,
                             const std::vector<std::string>& named);

// Whether the error says that the host has no address that may be asked.
bool is_address_refused(const Error& error);

// Logs and counts that a file which the configuration names cannot be used.
void tell_unreadable(Metrics& metrics, const std::string& upstream, const std::string& cause);

std::string basic_header(const Credential& credential);  // RFC 7617

}  // namespace shoal::origin
