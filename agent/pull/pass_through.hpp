// PassThrough: a layer that neither the store nor memory has room for, read from the origin for one client.
//
// Threads: the loop.
#pragma once

#include <memory>

#include "agent/pull/download.hpp"
#include "shared/core/slots.hpp"
#include "shared/crypto/hasher.hpp"

namespace shoal::agent::pull {

class PassThrough {
 public:
  // `stream` begins at the layer's first byte. `slot` is given back at the end.
  PassThrough(const Digest& digest, std::unique_ptr<origin::LayerStream> stream, Slots::Slot slot)
      : expected_(digest), stream_(std::move(stream)), hasher_(digest.algorithm()), slot_(std::move(slot)) {}

  ByteCount size() const { return stream_->size(); }
  // The layer's next bytes, valid until the next call. They are not verified: the caller withholds the end of its answer
  // until this returns empty, after the last byte, because the digest matched; `corrupt` when it does not.
  Task<Result<ByteView>> next();

 private:
  Digest expected_;
  std::unique_ptr<origin::LayerStream> stream_;
  Hasher hasher_;
  Slots::Slot slot_;
};

}  // namespace shoal::agent::pull
