// Members: which layers belong to which repository, and their sizes, by what manifests say that were read under a grant.
// One repository's manifest gives neither a size nor a right to another's: what it says counts for its own alone.
//
// `subject` makes no member: registries accept a manifest whose subject does not exist (OCI distribution-spec, pushing
// manifests with subject). Nor does a layer that is to be had elsewhere (`urls`): they do not look for those.
// Threads: the loop.
#pragma once

#include <optional>

#include "agent/access/keyed_hash.hpp"
#include "shared/core/bounded_table.hpp"
#include "shared/core/digest.hpp"
#include "shared/core/units.hpp"
#include "shared/origin/origin.hpp"

namespace shoal::agent::access {

struct Member {
  Digest digest;
  std::optional<ByteCount> size{};
  origin::Kind kind = origin::Kind::blob;  // as which the repository has it: a registry keeps blobs and manifests apart
};

// A layer somewhere: `where` is the keyed hash of a repository's name with a kind, or of a registry's.
struct Place {
  std::uint64_t where = 0;
  Digest digest;
  friend bool operator==(const Place&, const Place&) = default;
};
struct PlaceHash {
  std::size_t operator()(const Place& place) const { return place.where ^ std::hash<Digest>{}(place.digest); }
};

class Members {
 public:
  static constexpr std::size_t most = 65'536;  // about 16 MiB; the one that was named longest ago is removed

  void add(const origin::Repository& repository, const Member& member);
  bool has(const origin::Repository& repository, const Digest& digest, origin::Kind kind) const;
  std::optional<ByteCount> size_of(const origin::Repository& repository, const Digest& digest, origin::Kind kind) const;
  std::size_t size() const { return sizes_.size(); }

 private:
  Place place_of(const origin::Repository& repository, const Digest& digest, origin::Kind kind) const;

  KeyedHash hash_;
  BoundedTable<Place, std::optional<ByteCount>, PlaceHash> sizes_{most};
};

}  // namespace shoal::agent::access
