#include "tracker/known_layers.hpp"

#include <algorithm>
#include <limits>

#include "shared/core/codec.hpp"
#include "shared/origin/registry_name.hpp"

namespace shoal::tracker {
namespace {

Hash256 key_at(const std::string& registry, const Digest& digest) {
  Encoder encoder;
  encoder.field(registry);
  encoder.field(digest);
  return sha256(encoder.take());
}

}  // namespace

std::string OriginLayer::path() const {
  return (kind == origin::Kind::manifest ? "manifests/" : "blobs/") + digest.text();
}

Hash256 key_of(const OriginLayer& layer) {
  Encoder encoder;
  encoder.field(origin::registry_name(layer.repository.upstream));
  encoder.field(layer.repository.name);
  encoder.field(layer.kind);
  encoder.field(layer.digest);
  return sha256(encoder.take());
}

std::string KnownLayers::registry_of(const std::string& upstream) const {
  return registry_of_ ? registry_of_(upstream) : origin::registry_name(upstream);
}

std::uint8_t KnownLayers::index_of(const std::string& type) {
  const auto found = std::ranges::find(types_, type);
  if (found != types_.end()) return static_cast<std::uint8_t>(found - types_.begin());
  if (type.size() > longest_type || types_.size() > std::numeric_limits<std::uint8_t>::max()) return 0;
  types_.push_back(type);
  return static_cast<std::uint8_t>(types_.size() - 1);
}

void KnownLayers::note_readable(const OriginLayer& layer, const Facts& facts) {
  readable_.put(key_of(layer), {clock_.now(), facts.size_bytes, index_of(facts.content_type)});
}

void KnownLayers::note_at(const std::string& upstream, const Digest& digest) {
  at_.put(key_at(registry_of(upstream), digest), {clock_.now()});
}

std::optional<KnownLayers::Facts> KnownLayers::readable(const OriginLayer& layer, Milliseconds longest_age) const {
  const Entry* const entry = readable_.find(key_of(layer));
  if (entry == nullptr) return std::nullopt;
  const auto age = std::chrono::ceil<Milliseconds>(clock_.now() - entry->at);
  if (age >= std::min(longest_age, keep)) return std::nullopt;
  return Facts{entry->size_bytes, types_[entry->type], age};
}

bool KnownLayers::is_at(const std::string& upstream, const Digest& digest) const {
  return at_.find(key_at(registry_of(upstream), digest)) != nullptr;
}

}  // namespace shoal::tracker
