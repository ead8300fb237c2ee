// Discretion: a registry's refusal without the secrets that it was shown. A careless one repeats them in its message, and
// the message goes to a caller who has no right to them.
//
// Threads: the loop.
#pragma once

#include <memory>

#include "shared/http/client.hpp"

namespace shoal::origin {

// The same response; in its headers and its body, of which `largest_manifest` is read at once, stars stand in place of
// what `authorization` says, its password too, and of the long values in the query of `asked`, which a redirect has led to.
std::unique_ptr<http::ClientResponse> without_secrets(std::unique_ptr<http::ClientResponse> response,
                                                      const Secret& authorization, const http::Url& asked);

}  // namespace shoal::origin
