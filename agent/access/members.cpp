#include "agent/access/members.hpp"

namespace shoal::agent::access {

Place Members::place_of(const origin::Repository& repository, const Digest& digest, origin::Kind kind) const {
  return {hash_.number_of({repository.upstream, repository.name, kind == origin::Kind::manifest ? "m" : "b"}), digest};
}

// A size that is known stays when the layer is named without one.
void Members::add(const origin::Repository& repository, const Member& member) {
  const Place place = place_of(repository, member.digest, member.kind);
  const auto* known = sizes_.find(place);
  sizes_.put(place, member.size || known == nullptr ? member.size : *known);
}

bool Members::has(const origin::Repository& repository, const Digest& digest, origin::Kind kind) const {
  return sizes_.find(place_of(repository, digest, kind)) != nullptr;
}

std::optional<ByteCount> Members::size_of(const origin::Repository& repository, const Digest& digest,
                                          origin::Kind kind) const {
  const auto* size = sizes_.find(place_of(repository, digest, kind));
  return size == nullptr ? std::nullopt : *size;
}

}  // namespace shoal::agent::access
