// Conditions: If-None-Match and If-Range against the one entity tag that a digest has, `"<digest>"`.
// Source: RFC 9110 section 13.
#pragma once

#include <optional>
#include <string>

#include "shared/core/digest.hpp"

namespace shoal::agent::registry {

std::string entity_tag(const Digest& digest);

// The client has this content: `*`, or a list with its tag, weak or not. Nothing else, malformed lists included.
bool has_already(const std::optional<std::string>& if_none_match, const Digest& digest);

// A Range counts: there is no If-Range, or it is this very tag. Weak tags and dates never match.
bool range_counts(const std::optional<std::string>& if_range, const Digest& digest);

}  // namespace shoal::agent::registry
