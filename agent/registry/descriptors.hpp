// Descriptors: the sizes that verified manifests name, so that a layer can be announced to the runtime and joined
// before anybody was asked.
//
// Threads: the loop.
#pragma once

#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "shared/core/digest.hpp"
#include "shared/core/units.hpp"

namespace shoal::agent::registry {

class Descriptors {
 public:
  // Remembers what the manifest or index points to. Anything that is not one is ignored: its bytes are right all the
  // same.
  void learn(std::string_view manifest_json);
  std::optional<ByteCount> size_of(const Digest& digest) const;

 private:
  void remember(const Digest& digest, ByteCount size);
  static constexpr std::size_t most = 65'536;  // about 10 MiB; the oldest are forgotten
  std::unordered_map<Digest, ByteCount> sizes_;
  std::deque<Digest> by_age_;
};

// The `mediaType` field of a manifest; what its content is when it has none.
std::string media_type_of(std::string_view manifest_json);

}  // namespace shoal::agent::registry
