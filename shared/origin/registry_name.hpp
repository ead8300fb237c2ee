// The one name of a registry, however a reference, a request or a configuration file writes it. It is the registry's key
// in [upstreams], in questions to trackers and in the log.
//
// Sources: github.com/distribution/reference (docker.io and index.docker.io are one domain, and its one-part names are in
// "library/"), RFC 3986 section 6.2.3 (the scheme's own port), RFC 1034 section 3.1 (the dot at the end).
// Threads: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shared/config/config.hpp"

namespace shoal::origin {

struct Options;

// Docker Hub: also "index.docker.io" and "registry-1.docker.io".
inline constexpr const char* hub = "docker.io";

// Lower case, without a dot at the end, without ":443", and `hub` for each name of the Hub. Port 80 stays: such a
// reference means another port than one without. A text that is not HOST[:PORT] stays as it is.
std::string registry_name(std::string_view written);

// "registry.example.com_5000" as "registry.example.com:5000": a colon cannot stand in the path of a reference. Nothing
// for any other text.
std::optional<std::string> with_port(std::string_view component);

// The key of the registry that `written` means: that of the table that names it as an alias, else its registry_name.
std::string find_registry(const Options& options, std::string_view written);

// The key of the registry that the first component of a path names: by an alias, with an escaped port, or by a name with
// "." or ":" in it or "localhost". Nothing when the component belongs to a repository.
std::optional<std::string> find_registry_in_path(const Options& options, const std::string& component);

// Whether a pattern of `allow`, "HOST[:PORT]" or "*.DOMAIN[:PORT]", is of the registry with this key.
bool allows(const std::string& pattern, const std::string& key);

// Which tables of a file name which registry: by key, the name of the table.
using NamedRegistries = std::map<std::string, std::string>;

// Reads, checks and prints the aliases of a table. A registry that another table of `named` names too is a fault.
void describe_names(config::Section& section, const std::string& table, std::map<std::string, std::string>& key_of_alias,
                    NamedRegistries& named);

}  // namespace shoal::origin
