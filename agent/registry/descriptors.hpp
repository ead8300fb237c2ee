// Descriptors: the sizes that verified manifests name, so that a layer can be announced to the runtime and joined
// before any source was asked.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>

#include "agent/registry/manifest_facts.hpp"

namespace shoal::agent::registry {

class Descriptors {
 public:
  // Remembers the size of each layer that the manifest or index points to.
  void learn(const ManifestFacts& facts);
  std::optional<ByteCount> size_of(const Digest& digest) const;

 private:
  void remember(const Digest& digest, ByteCount size);
  static constexpr std::size_t most = 65'536;  // about 10 MiB; the oldest are removed
  std::unordered_map<Digest, ByteCount> sizes_;
  std::deque<Digest> by_age_;
};

}  // namespace shoal::agent::registry
