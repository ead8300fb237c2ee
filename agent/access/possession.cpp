#include "agent/access/possession.hpp"

namespace shoal::agent::access {

Place Possession::place_of(const std::string& upstream, const Digest& digest) const {
  return {hash_.number_of({registry_of_ ? registry_of_(upstream) : upstream}), digest};
}

void Possession::note(const std::string& upstream, const Digest& digest) {
  known_.put(place_of(upstream, digest), {});
}

bool Possession::has(const std::string& upstream, const Digest& digest) const {
  return known_.find(place_of(upstream, digest)) != nullptr;
}

void Possession::refute(const std::string& upstream, const Digest& digest, Time now) {
  refuted_.put(place_of(upstream, digest), now + refuted_life);
}

bool Possession::is_refuted(const std::string& upstream, const Digest& digest, Time now) const {
  const Time* until = refuted_.find(place_of(upstream, digest));
  return until != nullptr && now < *until;
}

}  // namespace shoal::agent::access
