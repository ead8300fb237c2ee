// PassThrough: a layer that neither the store nor memory has room for, or a part of it that its window does not reach,
// read from the origin for one client.
//
// Threads: the loop.
#pragma once

#include <memory>
#include <optional>

#include "agent/pull/download.hpp"
#include "agent/pull/metrics.hpp"
#include "shared/core/slots.hpp"
#include "shared/crypto/hasher.hpp"

namespace shoal::agent::pull {

class PassThrough {
 public:
  // `slot` is given back at the end.
  PassThrough(const Digest& digest, std::unique_ptr<origin::LayerStream> stream, Slots::Slot slot, Metrics& metrics);

  ByteCount size() const { return stream_->size(); }                // of the whole layer
  std::uint64_t offset() const { return stream_->offset(); }        // of the first byte that `next` gives
  bool is_verified() const { return hasher_.has_value(); }          // at the end: it is read from its first byte on
  // The layer's next bytes, valid until the next call. They are not verified. Of a layer that is read from its first
  // byte on, the caller withholds the end of its answer until this returns empty, after the last byte, because the digest
  // matched; `corrupt` when it does not.
  Task<Result<ByteView>> next();

 private:
  Digest expected_;
  std::unique_ptr<origin::LayerStream> stream_;
  std::optional<Hasher> hasher_;
  Slots::Slot slot_;
  Metrics& metrics_;
};

}  // namespace shoal::agent::pull
