// Store: the layers that this node holds, by digest. A layer is either absent or whole, whatever happens to the process
// or the power.
//
// Sequence (DESIGN section 3): reserve -> temporary file -> size and digest -> fsync -> side file -> rename, no replace
// -> fsync directory -> visible. Measured under simulated power cuts (evidence): without fsync 21 % of visible layers
// corrupt, with it none.
//
// Layout under the root, all on one file system, mode 0700/0600:
//   lock                      flock: one writer
//   layers/<algo>/<hh>/<hex>  data; <hex>.side beside it
//   partial/<algo>-<hex>      a large layer being filled, or left by a pull that ended; <algo>-<hex>.pieces beside it
//   tmp/                      the rest that is being written; emptied at start
//
// Capacity: held layers, reservations and partial layers together never exceed it. When something has to go, partial
// layers do first, then held layers, the least recently used first; one that somebody reads, or that the owner of the
// store wants spared, does not.
//
// Threads: the loop, except where a function says any.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/store/side_file.hpp"
#include "shared/store/verified.hpp"

namespace shoal::store {

struct Options {
  std::string path = "/var/lib/shoal";
  ByteCount capacity = 50_GiB;
  Faults* faults = nullptr;
};

// Layers that are only in memory, because the disk or the capacity has no room for them: all together. Enough for the
// manifests and small layers of many pulls; larger layers are passed through from the origin.
inline constexpr ByteCount largest_in_memory = 64_MiB;

// A held layer, open for reading: it is not evicted while a copy of this, or of a span that it gave, lives.
class HeldLayer {
 public:
  const Digest& digest() const { return open_->side.digest; }
  ByteCount size() const { return {open_->side.size_bytes}; }
  const Side& side() const { return open_->side; }
  // The file by itself, for whoever is told when the layer is to go (Store::ask_before_evicting).
  const std::shared_ptr<PieceFile>& file() const { return open_->file; }
  VerifiedSpan readable(std::uint64_t from) const;  // the rest of the layer from there

 private:
  friend class Store;
  struct Open {
    Side side;
    std::shared_ptr<PieceFile> file;
  };
  explicit HeldLayer(std::shared_ptr<const Open> open) : open_(std::move(open)) {}
  std::shared_ptr<const Open> open_;
};

// A layer on its way into the store: its reservation and its file. Dropping it gives the reservation back; pieces of a
// large layer that were written stay as a partial layer, unless it is discarded.
class Reserved {
 public:
  const Digest& digest() const;
  const std::shared_ptr<PieceFile>& file() const;

  // What an earlier pull left in the file, if anything: each piece is to be rechecked before it counts. Any thread,
  // blocking.
  Result<std::vector<NotedPiece>> left() const;
  Generation left_generation() const;
  // The pieces to come belong to this generation; what is left of another is forgotten.
  Result<void> start_generation(Generation generation) const;
  // Some of the pieces to come were verified by no swarm: what is left then serves nobody but who asks the origin.
  Result<void> leave_generations() const;
  // The bytes proved wrong: nothing of them stays. Any thread.
  void discard() const;

 private:
  friend class Store;
  friend class Committed;
  struct State;
  explicit Reserved(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// What `commit` made durable, for `adopt`. Dropping it instead removes the layer again, unless another had made it
// visible.
class Committed {
 private:
  friend class Store;
  Committed(std::shared_ptr<Reserved::State> state, std::shared_ptr<const Side> side)
      : state_(std::move(state)), side_(std::move(side)) {}
  std::shared_ptr<Reserved::State> state_;
  std::shared_ptr<const Side> side_;
};

class Store {
 public:
  // Throws StartError: not writable, in use by another process, no such file system. The line says what to do.
  explicit Store(Options options);
  ~Store();

  // The layer, open for reading; counts as its latest use. A layer whose files are gone or not whole is forgotten.
  std::optional<HeldLayer> find(const Digest& digest);

  std::optional<HeldLayer> look(const Digest& digest);  // the same, but does not count as a use
  bool holds(const Digest& digest) const;               // as far as is known without looking

  // Reserves the size (evicting if need be, for the capacity or for a full disk) and makes the file, or takes up the
  // partial layer of that digest. `no_space` when there is no room, `unavailable` while another reservation of it
  // lives.
  Result<Reserved> reserve(const Digest& digest, ByteCount size);
  // Whether `reserve` would succeed without evicting or replacing anything.
  bool has_room(const Digest& digest, ByteCount size);
  // The size of the partial layer that `reserve` would take up.
  std::optional<ByteCount> partial_size(const Digest& digest);
  // Room in memory instead: the layer is filled and read like any other, `adopt` gives it to its readers, and nobody
  // finds it. `no_space` above largest_in_memory.
  Result<Reserved> reserve_in_memory(const Digest& digest, ByteCount size);

  // `may_go` is asked about each layer that could be evicted, `gone` is told of each that was.
  void ask_before_evicting(std::function<bool(const Digest&)> may_go, std::function<void(const Digest&)> gone);
  // The bytes of this file proved wrong, or cannot be read: the layer is forgotten and removed. False when it is
  // another file's by now. Files that cannot be removed count until they can, or until the layer comes anew;
  // the next start finds them.
  bool drop(const Digest& digest, const PieceFile& file);

  // Any thread, blocking: makes the layer durable under its name. `side.digest` and size must be the verified layer's.
  static Result<Committed> commit(const Reserved& reserved, const VerifiedLayer& proof, Side side);
  // Makes it visible to `find`; a layer in memory stays its readers' own.
  HeldLayer adopt(Committed committed);

  // For bytes that are in memory already (manifests, small layers): all of the sequence. Any thread; then `adopt`.
  static Result<Committed> write_small(const Reserved& reserved, ByteView bytes, std::string content_type);

  std::vector<Digest> digests() const;
  ByteCount used() const;      // held layers, and dropped ones whose files could not be removed
  ByteCount reserved() const;  // on their way
  ByteCount partial() const;   // left by pulls that ended

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::store
