// The next page of a list. Which part of a request's query goes to the origin, and how the origin's Link to the next
// page leads back to this endpoint.
// Source: OCI distribution-spec, listing tags; RFC 8288 section 3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/http/client.hpp"

namespace shoal::agent::registry {

// The query without `ns`, which is for this endpoint only.
std::string query_for_origin(std::string_view query);

// The Link header for the client: the origin's link to the next page of the list at `asked`, as a path of this
// endpoint: the client's own `path`, with `ns` where `query` has it. Empty when there is none. A link to anything else
// than a page of the same list is dropped, for it would lead around the endpoint.
std::string next_page(const std::vector<std::string>& origin_links, const http::Url& asked, std::string_view path,
                      std::string_view query);

}  // namespace shoal::agent::registry
