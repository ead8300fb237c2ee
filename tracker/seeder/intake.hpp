// Intake: the origin's bytes on their way into the file: cut into pieces, hashed, written, and hashed again in order
// for the layer's own digest.
//
// Threads: any, one call at a time: the pool.
#pragma once

#include "shared/layer/piece_hashes.hpp"
#include "shared/store/record_format.hpp"
#include "shared/store/verified.hpp"

namespace shoal::tracker::seeder {

// Pieces that are in the file now.
struct Taken {
  PieceIndex first = 0;
  std::vector<Hash256> hashes;
};

class Intake {
 public:
  // Shared: the file, with the store, the swarm and the verifier.
  Intake(const Digest& digest, std::shared_ptr<store::PieceFile> file)
      : file_(file), hashes_(file->layout()), verifier_(digest, std::move(file)) {}

  // Pieces that an earlier fetch left in the file: as long as each is the next one and still what its record says, it
  // counts. Returns the hashes of those. Before any `take`.
  Result<std::vector<Hash256>> recheck(const std::vector<store::NotedPiece>& noted);
  std::uint64_t position() const;  // bytes of the layer that are in the file
  // The layer's next bytes. Bytes that do not fill a piece wait for the next call, unless the layer ends there.
  Result<Taken> take(ByteView bytes);
  // After the last byte: `corrupt` when the bytes are not what the digest says.
  Result<store::VerifiedLayer> finish() { return verifier_.finish(); }
  std::vector<Hash256> hashes() const { return hashes_.all(); }

 private:
  std::shared_ptr<store::PieceFile> file_;
  PieceHashes hashes_;
  store::LayerVerifier verifier_;
  PieceIndex next_ = 0;
  Bytes begun_;  // of piece next_
};

}  // namespace shoal::tracker::seeder
