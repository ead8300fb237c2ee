// Passing: a layer that there is no room for, read from the origin for one client and not kept.
//
// Threads: the loop.
#pragma once

#include <memory>

#include "agent/pull/download.hpp"
#include "shared/crypto/hasher.hpp"

namespace shoal::agent::pull {

class Passing {
 public:
  // `stream` begins at the layer's first byte. `slot` is given back at the end.
  Passing(const Digest& digest, std::unique_ptr<origin::LayerStream> stream, std::shared_ptr<void> slot)
      : expected_(digest), stream_(std::move(stream)), hasher_(digest.algorithm()), slot_(std::move(slot)) {}

  ByteCount size() const { return stream_->size(); }
  // The layer's next bytes, valid until the next call. Nobody has verified them: the caller holds back the end of what
  // it hands over until this returns empty, after the last byte, because the digest matched; `corrupt` when not.
  Task<Result<ByteView>> next();

 private:
  Digest expected_;
  std::unique_ptr<origin::LayerStream> stream_;
  Hasher hasher_;
  std::shared_ptr<void> slot_;
};

}  // namespace shoal::agent::pull
