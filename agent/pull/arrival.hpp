// Arrival: the pieces of one layer that is being filled: which are there, where they came from, and whether the hashes
// of its present swarm have verified them.
//
// Threads: the loop.
#pragma once

#include "agent/pull/source.hpp"
#include "shared/store/store.hpp"

namespace shoal::agent::pull {

struct Received {  // bytes, by where they came from: for the log line and the status page
  std::uint64_t from_peers = 0;
  std::uint64_t from_seeder = 0;
  std::uint64_t from_holder = 0;
  std::uint64_t from_origin = 0;
  std::uint64_t from_partial = 0;  // what an earlier pull had left
};

class Arrival {
 public:
  explicit Arrival(store::Reserved reserved)
      : partial_(reserved.file()), reserved_(std::move(reserved)), sources_(partial_.written().size(), Source::store) {}

  const PieceLayout& layout() const { return partial_.file()->layout(); }
  const store::FileHandle& file() const { return partial_.file(); }
  const store::PartialLayer& partial() const { return partial_; }
  const PieceSet& written() const { return partial_.written(); }
  const Received& received() const { return received_; }

  // Of the bytes from `first` to before `end`, which are written.
  SourceBytes sources_of(std::uint64_t first, std::uint64_t end) const;

  // True when the piece is new.
  bool note(const store::WrittenPiece& piece, std::uint64_t Received::*source);
  void release_tail(const store::VerifiedLayer& proof) { partial_.release_tail(proof); }

  // ---- generations

  // From now on pieces are verified by this generation's hashes; those of another one are unproven. True when what an
  // earlier pull left has not been read yet: of another generation it does not count.
  Result<bool> begin_generation(Generation generation);
  // Likewise for pieces from the origin, which no swarm verifies.
  bool begin_origin() { return !std::exchange(is_resumed_, true); }
  // The one that all pieces came from; none when they came from several, or from the origin alone.
  std::optional<Generation> generation() const { return is_mixed_ ? std::nullopt : generation_; }
  // Of the pieces written, those that may be offered to the swarm of the present generation, and the others.
  PieceSet proven() const { return is_mixed_ ? PieceSet(written().size()) : written(); }
  PieceSet unproven() const { return is_mixed_ ? written() : PieceSet(); }

  // ---- space

  const store::Reserved& reserved() const { return *reserved_; }
  // The layer is in the store, or its space is free for the next attempt. After `discard` nothing of it stays.
  void release_space(bool discard);

 private:
  store::PartialLayer partial_;
  std::optional<store::Reserved> reserved_;
  std::optional<Generation> generation_;
  bool is_mixed_ = false;    // with pieces of another generation
  bool is_resumed_ = false;  // what an earlier pull left was read
  Received received_;
  std::vector<Source> sources_;  // of each piece that is written
};

}  // namespace shoal::agent::pull
