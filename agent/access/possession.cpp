#include "agent/access/possession.hpp"

namespace shoal::agent::access {

void Possession::note(const std::string& upstream, const Digest& digest) {
  known_.put({hash_.number_of({upstream}), digest}, {});
}

bool Possession::has(const std::string& upstream, const Digest& digest) const {
  return known_.find({hash_.number_of({upstream}), digest}) != nullptr;
}

}  // namespace shoal::agent::access
