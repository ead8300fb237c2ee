// Possession: which registries are known to have which layers: this node read the layer there, the registry answered for
// it, or a tracker says so. A manifest may name a digest that its registry never had: what came from another registry is
// not served on its word alone.
//
// Threads: the loop.
#pragma once

#include <string>

#include "agent/access/members.hpp"

namespace shoal::agent::access {

class Possession {
 public:
  static constexpr std::size_t most = 65'536;  // about 16 MiB; the one that was noted longest ago is removed

  void note(const std::string& upstream, const Digest& digest);
  bool has(const std::string& upstream, const Digest& digest) const;

 private:
  struct Nothing {};
  KeyedHash hash_;
  BoundedTable<Place, Nothing, PlaceHash> known_{most};
};

}  // namespace shoal::agent::access
