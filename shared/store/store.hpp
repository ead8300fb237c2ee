// Store: the layers that this node holds, by digest. A layer is either absent or whole, whatever happens to the process
// or the power: its bytes and its side file are durable before it gets its name. Without fsync 21 % of visible layers
// were corrupt after simulated power cuts. Files and order of writing: docs/disk_format.md
//
// Capacity: held layers, reservations and partial layers together never exceed it, and each reservation leaves min_free
// on the file system. Partial layers are evicted first, then held layers, the least recently used first. A layer that has
// readers, or that the owner of the store needs, is not.
//
// Threads: the loop, except where a function says any.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/store/counters.hpp"
#include "shared/store/held_layer.hpp"
#include "shared/store/options.hpp"
#include "shared/store/reserved.hpp"

namespace shoal::store {

class Store {
 public:
  // Throws StartError: not writable, in use by another process, no such file system. The line names the remedy.
  explicit Store(Options options);
  ~Store();

  // The layer, open for reading; counts as its latest use. A layer whose files are gone or not whole is held no longer.
  std::optional<HeldLayer> find(const Digest& digest);

  std::optional<HeldLayer> look(const Digest& digest);  // the same, but does not count as a use
  bool holds(const Digest& digest) const;               // as far as is known without looking

  // Reserves the size (evicting if need be, for the capacity, min_free or a full disk) and makes the file, or resumes the
  // partial layer of that digest. `no_space` when there is no room, `unavailable` while another reservation of it
  // lives.
  Result<Reserved> reserve(const Digest& digest, ByteCount size);
  // Whether `reserve` would succeed without evicting or replacing anything.
  bool has_room(const Digest& digest, ByteCount size);
  // The size of the partial layer that `reserve` would resume.
  std::optional<ByteCount> partial_size(const Digest& digest);
  // Room in memory instead: the layer is filled and read like any other, `adopt` gives it to its readers, and `find`
  // does not see it. Above MemoryLimits::largest the file is a window, and the layer is never adopted. `no_space`
  // beyond MemoryLimits::all.
  Result<Reserved> reserve_in_memory(const Digest& digest, ByteCount size);

  // `may_evict` is asked about each layer that could be evicted, `evicted` is told of each that was.
  void ask_before_evicting(std::function<bool(const Digest&)> may_evict, std::function<void(const Digest&)> evicted);
  // `passed`: since the last call. Drops what nobody used for `keep`, and evicts until min_free is free: others may have
  // filled the file system. upkeep.hpp calls it.
  void tend(Milliseconds passed);
  // The bytes of this file proved wrong, or cannot be read: the layer is held no longer, and removed. False when the
  // layer has another file by now. Files that cannot be removed count until they can, or until the layer is pulled
  // again; the next start finds them.
  bool drop(const Digest& digest, const PieceFile& file);

  // Any thread, blocking: makes the layer durable under its name. `side.digest` and size must be the verified layer's.
  static Result<Committed> commit(const Reserved& reserved, const VerifiedLayer& proof, SideFile side);
  // The layer is held from now on. One in memory belongs to its readers alone.
  HeldLayer adopt(Committed committed);

  // For bytes that are in memory already (manifests, small layers): all of the sequence. Any thread; then `adopt`.
  static Result<Committed> write_small(const Reserved& reserved, ByteView bytes, std::string content_type,
                                       std::vector<std::string> upstreams = {});

  std::vector<Digest> digests() const;
  ByteCount used() const;      // held layers, and dropped ones whose files could not be removed
  ByteCount reserved() const;  // of active reservations
  ByteCount partial() const;   // left by pulls that ended
  ByteCount capacity() const;
  ByteCount min_free() const;
  ByteCount free() const;  // on the file system
  const Counters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::store
