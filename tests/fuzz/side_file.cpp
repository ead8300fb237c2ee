// Side files: any bytes are corrupt or a side file that is written back as the same value. The input is taken as it is,
// and once more under a right checksum, so that the fields are reached.
#include "shared/store/side_file.hpp"

#include "shared/core/check.hpp"

using namespace shoal;
using namespace shoal::store;

namespace {

void decode(ByteView file) {
  const auto side = decode_side(file);
  if (!side) {
    SHOAL_CHECK(side.error().kind == ErrorKind::corrupt);
    return;
  }
  SHOAL_CHECK(side->hashes.size() == PieceLayout(ByteCount{side->size_bytes}).count());
  SHOAL_CHECK(decode_side(encode_side(*side)).value() == *side);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = std::as_bytes(std::span(data, size));
  decode(input);
  if (size < sizeof(Hash256)) return 0;
  Bytes resealed = copy_of(input.first(size - sizeof(Hash256)));
  const Hash256 sum = sha256(resealed);
  resealed.insert(resealed.end(), sum.begin(), sum.end());
  decode(resealed);
  return 0;
}
