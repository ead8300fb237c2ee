// Named hosts: lists of hosts as an operator writes them: "auth.example.com", "*.example.com", "[fd00::1]:5000". Pure.
//
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "shared/http/client.hpp"

namespace shoal::origin {

// HOST[:PORT] or *.DOMAIN[:PORT].
bool is_host_pattern(const std::string& pattern);

// Whether one of the patterns names the URL's host: "*.example.com" all hosts under that domain, at any depth, and not
// the domain itself. A pattern without a port names the scheme's own port. Case and a final dot make no difference.
bool names_host(const std::vector<std::string>& patterns, const http::Url& url);

}  // namespace shoal::origin
