// Possession: which registries are known to have which layers. A registry's word is no proof: a manifest may name a digest,
// and HEAD may claim it, without a byte behind it. What counts are bytes: this node or a tracker has read all of the layer
// there, or a stretch of what is here that nobody could foresee (proofs.hpp).
//
// Threads: the loop.
#pragma once

#include <functional>
#include <string>

#include "agent/access/members.hpp"
#include "shared/core/clock.hpp"

namespace shoal::agent::access {

class Possession {
 public:
  static constexpr std::size_t most = 65'536;  // about 16 MiB; the one that was noted longest ago is removed
  static constexpr std::size_t most_refuted = 4'096;
  // A registry that sent other bytes is not asked for them again before: each question is a chance to guess.
  static constexpr Milliseconds refuted_life{600'000};

  // What is one registry, of upstreams of several names; empty: each name is one.
  using RegistryOf = std::function<std::string(const std::string& upstream)>;
  explicit Possession(RegistryOf registry_of = {}) : registry_of_(std::move(registry_of)) {}

  void note(const std::string& upstream, const Digest& digest);
  bool has(const std::string& upstream, const Digest& digest) const;

  void refute(const std::string& upstream, const Digest& digest, Time now);
  bool is_refuted(const std::string& upstream, const Digest& digest, Time now) const;

 private:
  struct Nothing {};
  Place place_of(const std::string& upstream, const Digest& digest) const;

  RegistryOf registry_of_;
  KeyedHash hash_;
  BoundedTable<Place, Nothing, PlaceHash> known_{most};
  BoundedTable<Place, Time, PlaceHash> refuted_{most_refuted};  // until when
};

}  // namespace shoal::agent::access
