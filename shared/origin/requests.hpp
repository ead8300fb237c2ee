// Requests: what the configuration says of a host that is asked: its trust, and the addresses that it may have.
//
// Threads: any.
#pragma once

#include "shared/origin/upstreams.hpp"

namespace shoal::origin {

// The trust that is configured for a registry (its CA, its missing certificate, our own one) holds for its owner's hosts only.
http::ClientRequest request_to(const http::Url& url, const Target& target, const http::ClientLimits& limits);

// The addresses of a host that `target` has led to, when its registry answers from an address of this reach. The
// registry's own host, and one that `named` names, may be anywhere. Any other is public, or as near as the registry,
// and never a link's.
http::Reaches reaches_beside(const Target& target, http::Reach registry, const http::Url& url,
                             const std::vector<std::string>& named);

// Whether the error says that the host has no address that may be asked.
bool is_address_refused(const Error& error);

// How far the address reaches by which a registry has answered. Nothing is known of one that a proxy has asked.
http::Reach reach_of(const Options& options, const Target& target, const http::Url& url, const http::ClientResponse& response);

}  // namespace shoal::origin
