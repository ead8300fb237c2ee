#include "agent/registry/descriptors.hpp"

namespace shoal::agent::registry {

void Descriptors::learn(const ManifestFacts& facts) {
  for (const Descriptor& descriptor : facts.descriptors) remember(descriptor.digest, descriptor.size);
}

std::optional<ByteCount> Descriptors::size_of(const Digest& digest) const {
  const auto entry = sizes_.find(digest);
  if (entry == sizes_.end()) return std::nullopt;
  return entry->second;
}

void Descriptors::remember(const Digest& digest, ByteCount size) {
  if (!sizes_.insert_or_assign(digest, size).second) return;
  by_age_.push_back(digest);
  if (by_age_.size() <= most) return;
  sizes_.erase(by_age_.front());
  by_age_.pop_front();
}

}  // namespace shoal::agent::registry
