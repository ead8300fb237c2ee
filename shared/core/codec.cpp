#include "shared/core/codec.hpp"

#include "shared/core/check.hpp"

namespace shoal::inline core {
namespace {

constexpr std::size_t room_behind_secret = 256;  // for the fields behind it, so that no copy is left in an outgrown buffer

}  // namespace

void Encoder::field(const Digest& value) {
  field(value.algorithm());
  out_.insert(out_.end(), value.raw().begin(), value.raw().end());
}

void Encoder::field(const Secret& value) {
  Bytes larger;
  larger.reserve(out_.size() + sizeof(std::uint32_t) + value.size() + room_behind_secret);
  larger.insert(larger.end(), out_.begin(), out_.end());
  wipe(out_);  // it may have had another secret
  out_ = std::move(larger);
  sized(bytes_of(value.reveal()));
}

void Encoder::sized(ByteView bytes) {
  SHOAL_CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  field(static_cast<std::uint32_t>(bytes.size()));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Decoder::field(Digest& value) {
  DigestAlgorithm algorithm = DigestAlgorithm::sha256;
  field(algorithm);
  if (!good_) return;
  const ByteView raw = take(digest_size(algorithm));
  if (good_) value = *Digest::from_raw(algorithm, raw);
}

ByteView Decoder::take(std::size_t count) {
  if (!good_ || in_.size() < count) {
    good_ = false;
    return {};
  }
  const ByteView taken = in_.first(count);
  in_ = in_.subspan(count);
  return taken;
}

ByteView Decoder::sized() {
  std::uint32_t size = 0;
  field(size);
  return take(size);
}

}  // namespace shoal::inline core
