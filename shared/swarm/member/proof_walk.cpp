#include "shared/swarm/member/proof_walk.hpp"

namespace shoal::swarm {

PieceIndex ProofWalk::next() {
  SHOAL_CHECK(!is_done());
  do {
    last_ = (last_ + 1) % unproven_.size();
  } while (!unproven_.has(last_));
  return last_;
}

Result<std::vector<PieceIndex>> ProofWalk::prove(const PieceRange& range, const PieceHashes& hashes,
                                                 const store::PieceFile& file) {
  std::vector<PieceIndex> proven;
  for (PieceIndex piece = range.first; !is_done() && piece < range.first + range.count; ++piece) {
    if (!unproven_.has(piece)) continue;
    const Result<Bytes> bytes = file.read(piece);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!hashes.verify(piece, *bytes)) return fail(ErrorKind::corrupt, "resumed piece does not match its signed hash");
    unproven_.remove(piece);
    proven.push_back(piece);
  }
  return proven;
}

}  // namespace shoal::swarm
