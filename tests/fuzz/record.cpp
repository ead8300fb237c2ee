// Records of partial layers: any bytes are corrupt or the head of a record that is written back as the same bytes. The
// input is taken as it is, and once more as a record with its own checksum.
#include "shared/store/disk/record_format.hpp"

#include <algorithm>

#include "shared/core/check.hpp"
#include "shared/core/codec.hpp"

using namespace shoal;
using namespace shoal::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = std::as_bytes(std::span(data, size));
  const auto head = decode_record_head(input);
  if (head) SHOAL_CHECK(std::ranges::equal(encode_record_head(*head), input));
  RecordHead fields{*Digest::from_raw(DigestAlgorithm::sha256, Hash256{})};
  Decoder decoder(input);
  decoder.field(fields);
  if (decoder.good()) SHOAL_CHECK(decode_record_head(encode_record_head(fields)).value() == fields);
  return 0;
}
