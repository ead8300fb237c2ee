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
//   tmp/                      being filled; emptied at start
//
// Threads: the loop, except where a function says any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/core/clock.hpp"
#include "shared/store/side_file.hpp"
#include "shared/store/verified.hpp"

namespace shoal::store {

struct Options {
  std::string path = "/var/lib/shoal";
  ByteCount capacity = 50_GiB;  // data files and reservations together never exceed it
  Faults* faults = nullptr;
};

class HeldLayer {
 public:
  const Digest& digest() const { return side_->digest; }
  ByteCount size() const { return {side_->size_bytes}; }
  const Side& side() const { return *side_; }
  const std::shared_ptr<PieceFile>& file() const { return file_; }
  VerifiedSpan readable(std::uint64_t from) const;  // the rest of the layer from there

 private:
  friend class Store;
  HeldLayer(std::shared_ptr<const Side> side, std::shared_ptr<PieceFile> file)
      : side_(std::move(side)), file_(std::move(file)) {}
  std::shared_ptr<const Side> side_;
  std::shared_ptr<PieceFile> file_;
};

// A layer on its way into the store: its reservation and its temporary file. Dropping it gives both back.
class Reserved {
 public:
  const Digest& digest() const;
  const std::shared_ptr<PieceFile>& file() const;

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

  // Reserves the size (evicting least recently used layers if need be) and makes the temporary file. `no_space` when
  // the capacity or the disk does not allow it. Only one at a time for each digest: CHECK.
  Result<Reserved> reserve(const Digest& digest, ByteCount size);

  // Any thread, blocking: makes the layer durable under its name. `side.digest` and size must be the verified layer's.
  static Result<Committed> commit(const Reserved& reserved, const VerifiedLayer& proof, Side side);
  // Makes it visible to `find`.
  HeldLayer adopt(Committed committed);

  // For bytes that are in memory already (manifests, small layers): all of the sequence. Any thread; then `adopt`.
  static Result<Committed> write_small(const Reserved& reserved, ByteView bytes, std::string content_type);

  std::vector<Digest> digests() const;
  ByteCount used() const;      // data files
  ByteCount reserved() const;  // on their way

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::store
