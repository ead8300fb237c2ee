// Challenge: the authentication that a WWW-Authenticate header asks for.
// Source: RFC 9110 sections 11.2 to 11.6.1; docker token specification for the parameters of Bearer.
//
// Threads: any.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::origin {

struct Challenge {
  std::string scheme;                             // lower case
  std::map<std::string, std::string> parameters;  // names in lower case, values unquoted

  std::string parameter(const std::string& name) const;  // empty when absent
};

// All challenges of one header line, at most 8 with at most 16 parameters each. The line is ignored from its first fault
// on.
std::vector<Challenge> parse_challenges(std::string_view line);
std::vector<Challenge> parse_challenges(const std::vector<std::string>& lines);

// The first one of this scheme, in lower case; null when there is none.
const Challenge* find_scheme(const std::vector<Challenge>& challenges, std::string_view scheme);

}  // namespace shoal::origin
