#include "layers.hpp"

#include <random>

namespace shoal::store {

Bytes made_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

SideFile side_of(const Digest& digest, ByteView bytes) {
  const PieceLayout layout(ByteCount{bytes.size()});
  SideFile side{digest, bytes.size(), static_cast<std::uint32_t>(layout.piece_length().value)};
  for (PieceIndex piece = 0; piece < layout.count(); ++piece) {
    side.hashes.push_back(sha256(bytes.subspan(layout.offset(piece), layout.length(piece))));
  }
  return side;
}

Result<void> write_pieces(PieceFile& file, ByteView bytes) {
  const PieceLayout& layout = file.layout();
  for (PieceIndex piece = 0; piece < layout.count(); ++piece) {
    const ByteView part = bytes.subspan(layout.offset(piece), layout.length(piece));
    const auto written = file.write(PieceHashes::of_origin(layout, piece, part));
    if (!written) return tl::unexpected(written.error());
  }
  return {};
}

Result<HeldLayer> put(Store& store, ByteView bytes, const Digest& digest) {
  const auto reserved = store.reserve(digest, {bytes.size()});
  if (!reserved) return tl::unexpected(reserved.error());
  const auto written = write_pieces(*reserved->file(), bytes);
  if (!written) return tl::unexpected(written.error());
  LayerVerifier verifier(digest, reserved->file());
  const auto hashed = verifier.advance(bytes.size());
  if (!hashed) return tl::unexpected(hashed.error());
  const auto proof = verifier.finish();
  if (!proof) return tl::unexpected(proof.error());
  auto committed = Store::commit(*reserved, *proof, side_of(digest, bytes));
  if (!committed) return tl::unexpected(committed.error());
  return store.adopt(std::move(*committed));
}

Bytes all_bytes(const HeldLayer& layer) {
  Bytes bytes(layer.size().value);
  if (!layer.file()->read_at(0, bytes)) bytes.clear();
  return bytes;
}

std::vector<std::string> files_in(const std::string& root, const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root + "/" + directory)) {
    if (!entry.is_directory()) files.push_back(std::filesystem::relative(entry.path(), root).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace shoal::store
