// Ask: a layer that a caller asks for, and where the origin keeps it.
//
// Threads: any; values.
#pragma once

#include <optional>
#include <string>

#include "shared/origin/origin.hpp"

namespace shoal::agent::pull {

struct Ask {
  Digest digest;
  origin::Kind kind = origin::Kind::blob;
  origin::Repository repository;
  std::optional<ByteCount> size_hint;  // from a verified manifest, or the origin
  Secret authorization;                // the caller's own header, for the origin only

  // The origin's answer to one is that to the other.
  bool asks_as(const Ask& other) const {
    return kind == other.kind && repository.upstream == other.repository.upstream &&
           repository.name == other.repository.name && authorization == other.authorization;
  }
  std::string image() const { return repository.upstream + "/" + repository.name; }  // for the log
};

}  // namespace shoal::agent::pull
