// Granted: the right to a layer, for tests of what is below the check: as another node has it.
#pragma once

#include "agent/access/granted.hpp"

namespace shoal {

inline agent::access::Granted granted(const Digest& digest) {
  return agent::access::Granted::of_cluster({holder::Resource::held, digest});
}

}  // namespace shoal
