#include "shared/store/side_file.hpp"

namespace shoal::store {
namespace {

constexpr std::string_view magic = "SHOALSD1";

bool agrees_with_itself(const SideFile& side) {
  if (side.size_bytes > largest_layer.value) return false;
  const PieceLayout layout(ByteCount{side.size_bytes});
  return side.piece_length_bytes == layout.piece_length().value && side.hashes.size() == layout.count();
}

}  // namespace

Bytes encode_side(const SideFile& side) {
  Encoder fields;
  fields.field(side);
  Bytes file = copy_of(bytes_of(magic));
  const Bytes body = fields.take();
  file.insert(file.end(), body.begin(), body.end());
  const Hash256 sum = sha256(file);
  file.insert(file.end(), sum.begin(), sum.end());
  return file;
}

Result<SideFile> decode_side(ByteView file) {
  const auto corrupt = [](const char* what) { return fail(ErrorKind::corrupt, std::string("side file: ") + what); };
  if (file.size() < magic.size() + sizeof(Hash256)) return corrupt("too short");
  const ByteView content = file.first(file.size() - sizeof(Hash256));
  if (text_of(content.first(magic.size())) != magic) return corrupt("not one");
  const Hash256 sum = sha256(content);
  if (!std::ranges::equal(sum, file.last(sizeof(Hash256)))) return corrupt("its checksum does not match");
  Decoder decoder(content.subspan(magic.size()));
  SideFile side{*Digest::from_raw(DigestAlgorithm::sha256, Hash256{})};
  decoder.field(side);
  if (!decoder.good()) return corrupt("a field is missing");
  if (!agrees_with_itself(side)) return corrupt("its fields contradict each other");
  if (side.upstreams.size() > SideFile::most_upstreams) side.upstreams.resize(SideFile::most_upstreams);
  return side;
}

}  // namespace shoal::store
