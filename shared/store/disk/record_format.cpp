#include "shared/store/disk/record_format.hpp"

#include <algorithm>

#include "shared/core/codec.hpp"

namespace shoal::store {
namespace {

constexpr std::string_view magic = "SHOALPC1";

}  // namespace

Bytes encode_record_head(const RecordHead& head) {
  Bytes bytes = copy_of(bytes_of(magic));
  Encoder fields;
  fields.field(head);
  if (head.source != Hash256{}) fields.field(head.source);
  const Bytes body = fields.take();
  bytes.insert(bytes.end(), body.begin(), body.end());
  const Hash256 sum = sha256(bytes);
  bytes.insert(bytes.end(), sum.begin(), sum.end());
  bytes.resize(record_head_bytes);
  return bytes;
}

Result<RecordHead> decode_record_head(ByteView bytes) {
  const auto corrupt = [](const char* what) { return fail(ErrorKind::corrupt, std::string("piece record: ") + what); };
  if (bytes.size() != record_head_bytes || text_of(bytes.first(magic.size())) != magic) return corrupt("not one");
  RecordHead head{*Digest::from_raw(DigestAlgorithm::sha256, Hash256{})};
  Decoder decoder(bytes.subspan(magic.size()));
  decoder.field(head);
  if (!decoder.good()) return corrupt("a field is missing");
  // Checksum and padding follow from the fields, to the byte. A source may stand before them.
  if (std::ranges::equal(encode_record_head(head), bytes)) return head;
  decoder.field(head.source);
  if (!decoder.good() || !std::ranges::equal(encode_record_head(head), bytes)) return corrupt("its checksum does not match");
  return head;
}

}  // namespace shoal::store
