// Identity: a node as bans and blames know it, by the name that it gave and the address that it has. The name alone is
// not proved, and may be that of another node.
#pragma once

#include <string>

namespace shoal::swarm {

struct Identity {
  std::string node;
  std::string host;  // an IP address
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

}  // namespace shoal::swarm
